import './chart.css'

const WIDTH = 120
const HEIGHT = 24

/** The shape of a course, beside its figures; it says nothing that they do not. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(1, ...values)
  const step = WIDTH / Math.max(values.length, 1)
  const bars = values.map((value, index) => {
    const height = Math.max((value / most) * HEIGHT, value > 0 ? 1 : 0)
    const left = (index * step).toFixed(1)
    return `M${left} ${HEIGHT}v-${height.toFixed(1)}h${(step * 0.8).toFixed(1)}V${HEIGHT}z`
  })
  return (
    <svg className="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={bars.join('')} />
    </svg>
  )
}

import UPlot from 'uplot'
import { whole } from '../format/numbers.ts'

export interface Bar {
  /** Below the bar, short. */
  label: string
  /** In full: beside the pointer, and in the table. */
  name: string
  value: number
  /** Of the time that it is compared with; null: nothing is known of it. */
  before?: number | null
  /** What falls due then, in words. */
  deadlines?: readonly string[]
  /** Why it is unusual, in words. */
  unusual?: readonly string[]
}

/** Steps between two names on the axis: so that a week or a day is not cut. */
const steps = [1, 2, 3, 4, 6, 7, 14, 21, 28]
const wholeSteps = Array.from({ length: 16 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat()
const barPath = UPlot.paths.bars?.({ size: [0.7, 36], radius: 0.12 })
const font = '12px system-ui, sans-serif'

const colour = (name: string) => () =>
  getComputedStyle(document.documentElement).getPropertyValue(`--chart-${name}`)

/**
 * Bars of whole numbers from 0 on, and over them a dashed line of what was before.
 * @param bars those now: read with each drawing
 * @param point called with the bar under the pointer; null: none
 */
export function chartOptions(
  bars: () => readonly Bar[],
  point: (index: number | null) => void,
): Omit<UPlot.Options, 'width' | 'height'> {
  const axis = { stroke: colour('text'), font, ticks: { show: false } }
  return {
    padding: [18, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => [-0.5, Math.max(bars().length, 1) - 0.5] },
      y: { range: (_chart, _least, most) => [0, Math.max(most ?? 0, 4) * 1.05] },
    },
    axes: [
      {
        ...axis,
        ...{ incrs: steps, space: 52, size: 28, gap: 8, grid: { show: false } },
        values: (_chart, places) => places.map((place) => bars()[place]?.label ?? ''),
      },
      {
        ...axis,
        ...{ incrs: wholeSteps, space: 36, grid: { stroke: colour('grid'), width: 1 } },
        values: (_chart, places) => places.map(whole),
        size: (_chart, labels) => 16 + 7 * Math.max(1, ...(labels ?? []).map((one) => one.length)),
      },
    ],
    series: [
      {},
      {
        ...{ fill: colour('bar'), width: 0, points: { show: false } },
        ...(barPath && { paths: barPath }),
      },
      // Seen on a bar as well as beside it: dashes on a line in the colour of the ground.
      { stroke: colour('ground'), width: 4, points: { show: false } },
      { stroke: colour('before'), width: 2, dash: [5, 4], points: { show: false } },
    ],
    hooks: {
      draw: [
        (chart) => {
          for (const [index, bar] of bars().entries()) drawMarks(chart, bar, index)
        },
      ],
      setCursor: [(chart) => point(chart.cursor.idx ?? null)],
    },
  }
}

export function chartData(bars: readonly Bar[]): UPlot.AlignedData {
  const before = bars.map((bar) => bar.before ?? null)
  return [bars.map((_, index) => index), bars.map(({ value }) => value), before, before]
}

/** A dashed line with a flag for due dates, a diamond over what is unusual. */
function drawMarks(chart: UPlot, bar: Bar, index: number): void {
  const { ctx, bbox } = chart
  const x = Math.round(chart.valToPos(index, 'x', true))
  const unit = devicePixelRatio
  ctx.save()
  if (bar.deadlines?.length) {
    ctx.strokeStyle = ctx.fillStyle = colour('deadline')()
    ctx.lineWidth = unit
    ctx.setLineDash([3 * unit, 3 * unit])
    strokePath(ctx, [x, bbox.top], [x, bbox.top + bbox.height])
    fillPath(
      ctx,
      [x - 5 * unit, bbox.top - 12 * unit],
      [x + 5 * unit, bbox.top - 12 * unit],
      [x, bbox.top - 3 * unit],
    )
  }
  if (bar.unusual?.length) {
    const y = Math.max(chart.valToPos(bar.value, 'y', true) - 9 * unit, bbox.top + 7 * unit)
    ctx.fillStyle = colour('unusual')()
    const size = 6 * unit
    fillPath(ctx, [x, y - size], [x + size, y], [x, y + size], [x - size, y])
  }
  ctx.restore()
}

function strokePath(ctx: CanvasRenderingContext2D, ...points: number[][]): void {
  trace(ctx, points)
  ctx.stroke()
}

function fillPath(ctx: CanvasRenderingContext2D, ...points: number[][]): void {
  trace(ctx, points)
  ctx.fill()
}

function trace(ctx: CanvasRenderingContext2D, points: readonly number[][]): void {
  ctx.beginPath()
  for (const [x = 0, y = 0] of points) ctx.lineTo(x, y)
  ctx.closePath()
}

import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'

interface PlotProps {
  /** All but the size; a new object makes the chart anew, so keep it while nothing changes. */
  options: Omit<UPlot.Options, 'width' | 'height'>
  data: UPlot.AlignedData
  /** px */
  height: number
  /** What a screen reader says in place of the picture; the figures stand in a table beside it. */
  label: string
}

/** uPlot on a canvas as wide as its place. New data are drawn into the same chart. */
export function Plot({ options, data, height, label }: PlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<UPlot>(null)
  const latest = useRef(data)
  latest.current = data

  useEffect(() => {
    const element = place.current
    if (!element) return
    const size = () => ({ width: Math.max(element.clientWidth, 100), height })
    const made = new UPlot({ ...options, ...size() }, latest.current, element)
    chart.current = made
    const observer = new ResizeObserver(() => {
      if (made.width !== size().width) made.setSize(size())
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      chart.current = null
    }
  }, [options, height])

  useEffect(() => {
    if (chart.current && chart.current.data !== data) chart.current.setData(data)
  }, [data])

  return <div ref={place} role="img" aria-label={label} style={{ height }} />
}

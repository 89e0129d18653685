import { useEffect, useRef } from 'react'

const SOON_MS = 5_000

/**
 * What does not move by itself follows what does: it is read again some seconds after a total has moved, and
 * not more often than that.
 */
export function useReadWhenMoved(again: () => void, total: number): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const seen = useRef(total)
  useEffect(() => {
    if (total === seen.current) return
    seen.current = total
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      again()
    }, SOON_MS)
  }, [total, again])
  useEffect(() => () => clearTimeout(timer.current), [])
}

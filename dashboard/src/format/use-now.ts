import { useEffect, useState } from 'react'

const MINUTE = 60_000

/** ms; moves on with each minute that begins, so that hours, days and months end on the screen too. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const wait = () => {
      timer = setTimeout(tick, MINUTE - (Date.now() % MINUTE))
    }
    const tick = () => {
      setNow(Date.now())
      wait()
    }
    wait()
    return () => clearTimeout(timer)
  }, [])
  return now
}

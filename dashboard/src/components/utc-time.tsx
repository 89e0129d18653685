import { inWords, localTime } from '../format/times.ts'

interface UtcTimeProps {
  /** An instant of RFC 3339. */
  at: string
}

/** An instant in UTC; the reader's own clock says it on hover. */
export function UtcTime({ at }: UtcTimeProps) {
  return (
    <time dateTime={at} title={`${localTime(at)}, your time`}>
      {inWords(at, 'minute')} UTC
    </time>
  )
}

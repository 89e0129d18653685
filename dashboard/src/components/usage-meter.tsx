import { Progress, Text } from '@mantine/core'
import { percent } from '../format/numbers.ts'

interface UsageMeterProps {
  used: number
  /** Null: unlimited; then there is nothing to fill. */
  limit: number | null
  /** Of what, for a screen reader. */
  label: string
}

/** How much of a limit is used: as a bar, and as a share in words. */
export function UsageMeter({ used, limit, label }: UsageMeterProps) {
  if (limit === null) return <Text size="sm">No limit on this plan.</Text>
  const share = limit === 0 ? 100 : Math.min(100, Math.round((used / limit) * 1_000) / 10)
  return (
    <>
      <Progress.Root size="md" mt={4}>
        <Progress.Section value={share} color={colourOf(share)} aria-label={label} />
      </Progress.Root>
      <Text size="sm" c="dimmed" mt={2}>
        <span className="figures">{percent(used, limit)}</span> of the limit
      </Text>
    </>
  )
}

/** The levels at which alerts are raised. */
function colourOf(share: number): string {
  if (share >= 95) return 'red'
  return share >= 80 ? 'orange' : 'blue'
}

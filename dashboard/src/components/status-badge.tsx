import { Badge, type MantineColor } from '@mantine/core'

interface StatusBadgeProps {
  /** Before the word, for the eye alone. */
  sign: string
  colour: MantineColor
  children: string
}

/** The word says it; sign and colour help to find it. In the colour of text, which is dark enough to read. */
export function StatusBadge({ sign, colour, children }: StatusBadgeProps) {
  return (
    <Badge color={colour} variant="light" c="var(--mantine-color-text)" tt="none" miw="fit-content">
      <span aria-hidden>{sign}</span> {children}
    </Badge>
  )
}

import { Card, Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

interface PanelProps {
  title: string
  /** What it shows, in a sentence. */
  about?: ReactNode
  /** Beside the title: what may be done here. */
  aside?: ReactNode
  children: ReactNode
}

/** A part of a page, under a heading of its own. */
export function Panel({ title, about, aside, children }: PanelProps) {
  return (
    <Card withBorder padding="lg" component="section" h="100%" aria-label={title}>
      <Group justify="space-between" align="baseline" gap="xs" mb={about ? 0 : 'xs'}>
        <Title order={2} size="h4">
          {title}
        </Title>
        {aside}
      </Group>
      {about && (
        <Text size="sm" c="dimmed" mb="sm" component="div">
          {about}
        </Text>
      )}
      {children}
    </Card>
  )
}

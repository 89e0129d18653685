import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

interface AskFirstProps {
  opened: boolean
  /** The question, with the name of what it is about. */
  title: ReactNode
  /** What follows from a yes. */
  children: ReactNode
  /** On the button that does it. */
  yes: string
  busy: boolean
  onYes: () => void
  onClose: () => void
}

/** Before what cannot be taken back. */
export function AskFirst({ opened, title, children, yes, busy, onYes, onClose }: AskFirstProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={<b>{title}</b>} centered {...closing}>
      <Stack>
        <Text component="div">{children}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={busy} onClick={onYes}>
            {yes}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** The cross has no name of its own. */
export const closing = { closeButtonProps: { 'aria-label': 'Close' } } as const

import { Table, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'

interface WideTableProps {
  /** Of what, for a screen reader. */
  name: string
  /** px below which it is scrolled sideways in place of being squeezed. */
  minWidth: number
  verticalSpacing?: number | 'xs' | 'sm'
  /** Cells of its one head row. */
  head: ReactNode
  children: ReactNode
}

/** A table that narrow screens scroll sideways, by the keyboard too: its frame takes the focus. */
export function WideTable({
  name,
  minWidth,
  verticalSpacing = 'sm',
  head,
  children,
}: WideTableProps) {
  const viewportProps = { tabIndex: 0, role: 'group', 'aria-label': name }
  return (
    <Table.ScrollContainer minWidth={minWidth} scrollAreaProps={{ viewportProps }}>
      <Table verticalSpacing={verticalSpacing} aria-label={name}>
        <Table.Thead>
          <Table.Tr>{head}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

/** The head of a column of buttons: seen, it would say nothing that they do not say. */
export function UnseenHead({ children }: { children: string }) {
  return (
    <Table.Th>
      <VisuallyHidden>{children}</VisuallyHidden>
    </Table.Th>
  )
}

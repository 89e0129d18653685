import { Button, Group, Table } from '@mantine/core'
import { Fragment, type ReactNode, useState } from 'react'

export interface PageProps {
  /** Where this page begins; null: at the start. */
  after: string | null
  /** What offers the page after this one, until it is there. */
  more: (page: { hasNextPage: boolean; endCursor: string | null }) => ReactNode
}

/** A list page by page, one below the other: each reads itself, and the last one offers the next. */
export function PageByPage({ children }: { children: (page: PageProps) => ReactNode }) {
  const [starts, setStarts] = useState<readonly (string | null)[]>([null])
  const more: PageProps['more'] = ({ hasNextPage, endCursor }) =>
    hasNextPage &&
    !starts.includes(endCursor) && (
      <Button variant="default" size="xs" onClick={() => setStarts([...starts, endCursor])}>
        Show more
      </Button>
    )
  return starts.map((after) => <Fragment key={after}>{children({ after, more })}</Fragment>)
}

/** A row over the whole width: what is said in place of rows, or after them. */
export function WholeRow({ columns, children }: { columns: number; children: ReactNode }) {
  if (children === false || children === null) return null
  return (
    <Table.Tr>
      <Table.Td colSpan={columns}>
        <Group justify="center">{children}</Group>
      </Table.Td>
    </Table.Tr>
  )
}

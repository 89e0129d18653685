import { Button, Group, Select, Stack } from '@mantine/core'
import { useState } from 'react'
import { isolated } from '../../components/name.tsx'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { AlertPageDocument } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { AlertItem } from './alert-item.tsx'
import type { AlertKey } from './alerts.tsx'

/** So that the first alert of all is noticed: an empty list names no type. */
const context = { additionalTypenames: ['Alert'] }

/** Newest first, and older ones as far back as somebody wants to see. */
export function AlertList({ keys }: { keys: readonly AlertKey[] }) {
  const [apiKeyId, choose] = useState<string | null>(null)
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null])
  const named = keys.map(({ id, name, prefix }) => ({
    ...{ value: id, label: `${isolated(name)} (${prefix}…)` },
  }))
  const aside = (
    <Select
      aria-label="Of which key"
      allowDeselect={false}
      data={[{ value: '', label: 'All keys' }, ...named]}
      value={apiKeyId ?? ''}
      onChange={(id) => {
        choose(id || null)
        setCursors([null])
      }}
    />
  )
  return (
    <Panel title="Raised alerts" aside={aside}>
      <Stack component="ul" gap={0} m={0} p={0} className="plain-list ruled-list">
        {cursors.map((after, index) => (
          <AlertPage
            key={`${apiKeyId} ${after}`}
            after={after}
            apiKeyId={apiKeyId}
            keys={keys}
            onMore={
              index === cursors.length - 1 ? (next) => setCursors([...cursors, next]) : undefined
            }
          />
        ))}
      </Stack>
    </Panel>
  )
}

interface AlertPageProps {
  after: string | null
  apiKeyId: string | null
  keys: readonly AlertKey[]
  /** Called with where the next page begins; undefined: it is there already. */
  onMore: ((after: string) => void) | undefined
}

function AlertPage({ after, apiKeyId, keys, onMore }: AlertPageProps) {
  const variables = { after, apiKeyId }
  const { data, error, again } = useRead({ query: AlertPageDocument, variables, context })
  if (!data?.alerts) {
    if (!error) return <Loading what="Alerts" />
    return <Failed what="The alerts could not be read." error={error} onRetry={again} />
  }
  const { edges, pageInfo, totalCount } = data.alerts
  const next = pageInfo.hasNextPage ? pageInfo.endCursor : null
  if (totalCount === 0) return <Empty>Nothing was raised so far. That is good news.</Empty>
  return (
    <>
      {edges.map(({ node }) => (
        <AlertItem key={node.id} alert={node} of={keys.find(({ id }) => id === node.apiKeyId)} />
      ))}
      {onMore && next !== null && (
        <Group component="li" justify="center" pt="sm">
          <Button variant="default" onClick={() => onMore(next)}>
            Show older ones
          </Button>
        </Group>
      )}
    </>
  )
}

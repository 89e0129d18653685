import { Group, Select, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useQuery } from 'urql'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { ExploreKeysDocument } from '../../gql/graphql.ts'
import { useSession } from '../../session/session-context.tsx'
import type { Viewer } from '../page-list.ts'
import { type Example, examples } from './examples.ts'
import { GraphiqlFrame } from './graphiql-frame.tsx'

/** The whole API to try, paid by a key of one's own. */
export function Explore({ viewer }: { viewer: Viewer }) {
  return (
    <Stack>
      <Title order={1}>Explore</Title>
      <Text>
        Ask the API as your program would. Questions about taxes cost the key one unit each.
      </Text>
      {viewer.account ? (
        <WithKey />
      ) : (
        <Empty>You are signed in as an operator, without an account that could pay.</Empty>
      )}
    </Stack>
  )
}

function WithKey() {
  const session = useSession()
  const [{ data, error }, ask] = useQuery({ query: ExploreKeysDocument })
  const [chosen, choose] = useState<string | null>(null)
  const [example, show] = useState<Example>(examples[0])
  if (!data?.account) {
    if (!error) return <Loading what="Your keys" />
    const again = () => ask({ requestPolicy: 'network-only' })
    return <Failed what="Your keys could not be read." error={error} onRetry={again} />
  }
  const keys = data.account.apiKeys.filter(({ status }) => status === 'ACTIVE')
  const paying = chosen ?? keys[0]?.id
  if (paying === undefined) {
    return <Empty>You have no key that can be used. Create one on the page “Keys”.</Empty>
  }
  return (
    <>
      <Group>
        <Select
          label="Key that pays"
          w={300}
          allowDeselect={false}
          data={keys.map(({ id, name, prefix }) => ({ value: id, label: `${name} (${prefix}…)` }))}
          value={paying}
          onChange={choose}
        />
        <Select
          label="Example"
          w={300}
          allowDeselect={false}
          data={examples.map(({ name }) => name)}
          value={example.name}
          onChange={(name) => show(examples.find((one) => one.name === name) ?? example)}
        />
      </Group>
      <GraphiqlFrame session={session} apiKeyId={paying} query={example.query} />
    </>
  )
}

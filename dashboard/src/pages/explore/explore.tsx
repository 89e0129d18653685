import { Select, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useQuery } from 'urql'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { ExploreKeysDocument } from '../../gql/graphql.ts'
import { useSession } from '../../session/session-context.tsx'
import type { Viewer } from '../page-list.ts'
import { GraphiqlFrame } from './graphiql-frame.tsx'

const firstQuery = `# Each metered field costs one unit of the key above.
{
  upcomingTaxDates(countries: [AU, GB], days: 60, first: 5) {
    edges { node { dueDate shiftedBy obligation { country taxType rule } } }
  }
}
`

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
      <Select
        label="Key that pays"
        maw={360}
        allowDeselect={false}
        data={keys.map(({ id, name, prefix }) => ({ value: id, label: `${name} (${prefix}…)` }))}
        value={paying}
        onChange={choose}
      />
      <GraphiqlFrame session={session} apiKeyId={paying} query={firstQuery} />
    </>
  )
}

import { Accordion, Badge, Group, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Name } from '../../components/name.tsx'
import { PageByPage, type PageProps } from '../../components/page-by-page.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { AdminAccountsDocument, type AdminAccountsQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { billingWords } from './access-words.ts'
import { AccountKeys } from './account-keys.tsx'

type Account = NonNullable<AdminAccountsQuery['accounts']>['edges'][number]['node']

/** All accounts, newest first, found by what one knows of them. */
export function Accounts() {
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 300)
  return (
    <Stack>
      <TextInput
        label="Search"
        description="Part of a name, an address or a user id; or a whole account id."
        type="search"
        maxLength={100}
        maw={420}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {/* Other words have other pages. */}
      <PageByPage key={search}>{(page) => <AccountPage search={search} {...page} />}</PageByPage>
    </Stack>
  )
}

function AccountPage({ search, after, more }: PageProps & { search: string }) {
  const { data, error, again } = useRead({
    query: AdminAccountsDocument,
    variables: { search, after },
  })
  if (!data?.accounts) {
    if (!error) return <Loading what="Accounts" />
    return <Failed what="The accounts could not be read." error={error} onRetry={again} />
  }
  const { edges, totalCount, pageInfo } = data.accounts
  if (totalCount === 0) return <Empty>No account fits.</Empty>
  return (
    <>
      {after === null && (
        <Text size="sm" c="dimmed" role="status">
          <WholeNumber value={totalCount} /> {totalCount === 1 ? 'account' : 'accounts'}
        </Text>
      )}
      <Accordion variant="contained" order={2} multiple keepMounted={false}>
        {edges.map(({ node }) => (
          <AccountItem key={node.id} account={node} />
        ))}
      </Accordion>
      {more(pageInfo)}
    </>
  )
}

function AccountItem({ account }: { account: Account }) {
  const { id, name, email, currency, subscription, apiKeys } = account
  const live = apiKeys.filter(({ status }) => status !== 'REVOKED').length
  return (
    <Accordion.Item value={id}>
      <Accordion.Control>
        <Group justify="space-between" gap="xs" pr="xs">
          <div>
            <Text span fw={600} display="block">
              <Name>{name}</Name>
            </Text>
            <Text span size="sm" c="dimmed" display="block" className="typed">
              {email} · {id} · {currency}
            </Text>
          </div>
          <Group gap="xs">
            {apiKeys.some(({ status }) => status === 'BLOCKED') && (
              <Badge color="red" variant="light" tt="none">
                Has a blocked key
              </Badge>
            )}
            {subscription && (
              <Badge
                color={subscription.status === 'PAST_DUE' ? 'orange' : 'gray'}
                variant="light"
                tt="none"
              >
                {billingWords[subscription.status]}
              </Badge>
            )}
            <Text span size="sm">
              <WholeNumber value={live} /> {live === 1 ? 'key' : 'keys'}
            </Text>
          </Group>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        {apiKeys.length === 0 ? (
          <Empty>This account has no key.</Empty>
        ) : (
          <AccountKeys apiKeys={apiKeys} />
        )}
      </Accordion.Panel>
    </Accordion.Item>
  )
}

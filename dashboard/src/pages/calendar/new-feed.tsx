import { Anchor, Button, Group, Paper, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { SecretOnce } from '../../components/secret-once.tsx'
import { Failed } from '../../components/states.tsx'
import { CreateFeedDocument } from '../../gql/graphql.ts'
import type { CalendarKey } from './calendar.tsx'
import { choiceOf, type Watch } from './watch.ts'

interface NewFeedProps {
  watch: Watch
  paying: CalendarKey
  onCreated: () => void
}

/** Makes a feed of what is watched; its address is shown once, because nobody keeps it. */
export function NewFeed({ watch, paying, onCreated }: NewFeedProps) {
  const [{ fetching, error }, create] = useMutation(CreateFeedDocument)
  const [name, setName] = useState('Tax dates')
  const [address, setAddress] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const input = { ...choiceOf(watch), apiKeyId: paying.id, name }
    const { data } = await create({ input })
    if (!data?.createCalendarFeed) return
    setAddress(data.createCalendarFeed.url)
    onCreated()
  }

  const nothing = watch.countries.length === 0
  return (
    <Paper withBorder p="md">
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            label="Name of the feed"
            description="As it appears in the calendar program."
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            w={{ base: '100%', xs: 280 }}
          />
          <Button type="submit" loading={fetching} disabled={nothing}>
            Create feed
          </Button>
          <Text size="sm" c="dimmed">
            {nothing
              ? 'Choose countries above first.'
              : 'It shows what you watch above, as it is chosen now.'}
          </Text>
        </Group>
      </form>
      {error && <Failed what="The feed was not created." error={error} />}
      {address !== null && (
        <div className="below">
          <SecretOnce
            key={address}
            title="The address of your feed, shown once"
            secret={address}
            onDone={() => setAddress(null)}
          >
            Subscribe to it in your calendar program, or{' '}
            <Anchor href={address.replace(/^https?:/, 'webcal:')} inherit underline="always">
              open it there at once
            </Anchor>
            . Whoever has it can read the feed: treat it as a password.
          </SecretOnce>
        </div>
      )}
    </Paper>
  )
}

import { Button, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useMutation } from 'urql'
import { Panel } from '../../components/panel.tsx'
import { Failed, Loading } from '../../components/states.tsx'
import {
  ChannelsDocument,
  type ChannelsQuery,
  CreateChannelDocument,
  type CreateChannelMutation,
} from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import type { AlertKey } from './alerts.tsx'
import { ChannelCard } from './channel-card.tsx'
import { ChannelForm } from './channel-form.tsx'
import { SigningSecret } from './signing-secret.tsx'

export type Channel = NonNullable<ChannelsQuery['channels']>[number]

const context = { additionalTypenames: ['Channel'] }

/** Where alerts go. */
export function Channels({ keys }: { keys: readonly AlertKey[] }) {
  const { data, error, again } = useRead({ query: ChannelsDocument, context })
  return (
    <Panel
      title="Channels"
      about="Where alerts are sent: by e-mail, to Slack or Discord, or as a signed request to a server of yours."
      aside={<AddChannel keys={keys} />}
    >
      {data?.channels ? (
        <Stack component="ul" gap={0} m={0} p={0} className="plain-list ruled-list">
          {data.channels.map((channel) => (
            <ChannelCard key={channel.id} channel={channel} keys={keys} />
          ))}
        </Stack>
      ) : error ? (
        <Failed what="The channels could not be read." error={error} onRetry={again} />
      ) : (
        <Loading what="Channels" />
      )}
    </Panel>
  )
}

type Created = NonNullable<CreateChannelMutation['createChannel']>

function AddChannel({ keys }: { keys: readonly AlertKey[] }) {
  const [{ fetching, error }, create] = useMutation(CreateChannelDocument)
  const [opened, { open, close }] = useDisclosure()
  const [created, setCreated] = useState<Created | null>(null)
  return (
    <>
      <Button onClick={open}>Add channel</Button>
      <ChannelForm
        title="A new channel"
        opened={opened}
        keys={keys}
        channel={null}
        busy={fetching}
        onClose={close}
        problem={error && <Failed what="The channel was not added." error={error} />}
        onSave={async ({ kind, name, target, levels, apiKeyIds }) => {
          const input = { kind, name, target: target ?? '', levels, apiKeyIds }
          const { data } = await create({ input })
          if (!data?.createChannel) return
          close()
          setCreated(data.createChannel)
        }}
      />
      {created && created.secret !== null && (
        <SigningSecret
          name={created.channel.name}
          secret={created.secret}
          onDone={() => setCreated(null)}
        />
      )}
    </>
  )
}

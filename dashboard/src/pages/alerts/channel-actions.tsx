import { Button, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useMutation } from 'urql'
import { AskFirst } from '../../components/ask-first.tsx'
import { Name } from '../../components/name.tsx'
import { Failed } from '../../components/states.tsx'
import {
  RemoveChannelDocument,
  RotateChannelSecretDocument,
  SendTestMessageDocument,
  UpdateChannelDocument,
} from '../../gql/graphql.ts'
import type { AlertKey } from './alerts.tsx'
import { ChannelForm } from './channel-form.tsx'
import type { Channel } from './channels.tsx'
import { SigningSecret } from './signing-secret.tsx'

interface ChannelActionsProps {
  channel: Channel
  keys: readonly AlertKey[]
  /** Of the element that names the channel. */
  describedBy: string
  /** A test message is on its way. */
  onTest: () => void
}

/** What may be done with a channel. */
export function ChannelActions({ channel, keys, describedBy, onTest }: ChannelActionsProps) {
  const [{ fetching, error }, test] = useMutation(SendTestMessageDocument)
  const send = async () => {
    const { data } = await test({ channelId: channel.id })
    if (data?.sendTestMessage) onTest()
  }
  return (
    <>
      <Group gap="xs" mt="xs">
        <Button
          {...small}
          loading={fetching}
          disabled={!channel.enabled}
          aria-describedby={describedBy}
          onClick={() => void send()}
        >
          Send test
        </Button>
        <Edit channel={channel} keys={keys} describedBy={describedBy} />
        {channel.kind === 'WEBHOOK' && <NewSecret channel={channel} describedBy={describedBy} />}
        {!channel.ownAddress && <Remove channel={channel} describedBy={describedBy} />}
      </Group>
      {error && <Failed what="No test message was sent." error={error} />}
    </>
  )
}

const small = { variant: 'default', size: 'xs' } as const

type ActionProps = Pick<ChannelActionsProps, 'channel' | 'describedBy'>

function Edit({ channel, keys, describedBy }: ActionProps & { keys: readonly AlertKey[] }) {
  const [{ fetching, error }, update] = useMutation(UpdateChannelDocument)
  const [opened, { open, close }] = useDisclosure()
  return (
    <>
      <Button {...small} onClick={open} aria-describedby={describedBy}>
        Edit
      </Button>
      <ChannelForm
        title="Change the channel"
        opened={opened}
        keys={keys}
        channel={channel}
        busy={fetching}
        onClose={close}
        problem={error && <Failed what="The channel was not changed." error={error} />}
        onSave={async ({ name, target, levels, apiKeyIds }) => {
          const input = { name, levels, apiKeyIds, ...(target !== null && { target }) }
          const { data } = await update({ id: channel.id, input })
          if (data?.updateChannel) close()
        }}
      />
    </>
  )
}

function NewSecret({ channel: { id, name }, describedBy }: ActionProps) {
  const [{ fetching, error }, rotate] = useMutation(RotateChannelSecretDocument)
  const [secret, setSecret] = useState<string | null>(null)
  const [opened, { open, close }] = useDisclosure()
  const run = async () => {
    const { data } = await rotate({ id })
    if (!data?.rotateChannelSecret) return
    close()
    setSecret(data.rotateChannelSecret.secret)
  }
  return (
    <>
      <Button {...small} onClick={open} aria-describedby={describedBy}>
        New secret
      </Button>
      <AskFirst
        opened={opened}
        title="A new signing secret?"
        yes="Make a new secret"
        busy={fetching}
        onYes={() => void run()}
        onClose={close}
      >
        The secret that “<Name>{name}</Name>” has now signs nothing from then on.
        {error && <Failed what="The secret was not changed." error={error} />}
      </AskFirst>
      {secret !== null && (
        <SigningSecret name={name} secret={secret} onDone={() => setSecret(null)} />
      )}
    </>
  )
}

function Remove({ channel: { id, name }, describedBy }: ActionProps) {
  const [{ fetching, error }, remove] = useMutation(RemoveChannelDocument)
  const [opened, { open, close }] = useDisclosure()
  return (
    <>
      <Button {...small} onClick={open} aria-describedby={describedBy}>
        Remove
      </Button>
      <AskFirst
        opened={opened}
        title={
          <>
            Remove “<Name>{name}</Name>”?
          </>
        }
        yes="Remove this channel"
        busy={fetching}
        onYes={() => void remove({ id })}
        onClose={close}
      >
        Nothing is sent there any more, what is on its way neither.
        {error && <Failed what="The channel was not removed." error={error} />}
      </AskFirst>
    </>
  )
}

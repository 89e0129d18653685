import { Button, Group, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { Name } from '../../components/name.tsx'
import { Panel } from '../../components/panel.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import { Failed } from '../../components/states.tsx'
import { whole } from '../../format/numbers.ts'
import { inWords } from '../../format/times.ts'
import { CreateKeyDocument, type CreateKeyMutation } from '../../gql/graphql.ts'
import type { KeyPlan } from './keys.tsx'

type Created = NonNullable<CreateKeyMutation['createApiKey']>

/** One step: a name, and the key is there. Its secret stays on the page until it has been stored. */
export function CreateKey({ plans }: { plans: readonly KeyPlan[] }) {
  const [{ fetching, error }, create] = useMutation(CreateKeyDocument)
  const [name, setName] = useState('')
  const [created, setCreated] = useState<Created | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const { data } = await create({ name: name.trim() || usualName() })
    if (!data?.createApiKey) return
    setCreated(data.createApiKey)
    setName('')
  }

  return (
    <Panel
      title="A new key"
      about={`${beginning(plans)} Another plan is chosen on the page “Billing”.`}
    >
      <form onSubmit={(event) => void submit(event)}>
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name"
            placeholder={usualName()}
            maxLength={100}
            flex="1 1 220px"
            maw={420}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={fetching}>
            Create key
          </Button>
        </Group>
      </form>
      {error && <Failed what="The key was not created." error={error} />}
      {created && <NewSecret created={created} onDone={() => setCreated(null)} />}
    </Panel>
  )
}

function NewSecret({
  created: { apiKey, secret },
  onDone,
}: {
  created: Created
  onDone: () => void
}) {
  return (
    <div className="below">
      <SecretOnce key={secret} title="Your new key" secret={secret} onDone={onDone}>
        This is the secret of “<Name>{apiKey.name}</Name>”. It is shown this once and kept nowhere:
        copy it now to where your program reads it. Whoever has it makes calls at your expense.
      </SecretOnce>
    </div>
  )
}

function usualName(): string {
  return `Key of ${inWords(Date.now(), 'day')}`
}

function beginning(plans: readonly KeyPlan[]): string {
  const free = plans.find(({ id }) => id === 'free')
  if (!free?.monthlyLimit) return ''
  const { name, monthlyLimit, requestsPerSecond } = free
  return (
    `It begins on the plan “${name}”: ${whole(monthlyLimit)} units a month, ` +
    `${whole(requestsPerSecond)} calls a second.`
  )
}

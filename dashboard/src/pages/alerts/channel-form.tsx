import { Button, Group, Modal, MultiSelect, Select, Stack, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { levels, levelWords } from '../../components/alert-level.tsx'
import { isolated } from '../../components/name.tsx'
import type { AlertLevel, ChannelKind } from '../../gql/graphql.ts'
import type { AlertKey } from './alerts.tsx'
import { kinds, kindWords } from './channel-kinds.ts'
import type { Channel } from './channels.tsx'

/** As the API takes it; what stays as it is, is null in `target`. */
export interface ChannelValues {
  kind: ChannelKind
  name: string
  target: string | null
  /** Null: all. */
  levels: AlertLevel[] | null
  /** Null: all. */
  apiKeyIds: string[] | null
}

interface ChannelFormProps {
  title: string
  opened: boolean
  keys: readonly AlertKey[]
  /** Null: a new one. */
  channel: Channel | null
  busy: boolean
  problem: ReactNode
  onSave: (values: ChannelValues) => Promise<void>
  onClose: () => void
}

/** Made anew each time it is opened, with what stands now. */
export function ChannelForm({ title, opened, onClose, ...rest }: ChannelFormProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={<b>{title}</b>}>
      <Fields {...rest} onClose={onClose} />
    </Modal>
  )
}

type FieldsProps = Omit<ChannelFormProps, 'title' | 'opened'>

function Fields({ channel, keys, busy, problem, onSave, onClose }: FieldsProps) {
  const [kind, setKind] = useState<ChannelKind>(channel?.kind ?? 'EMAIL')
  const [name, setName] = useState(channel?.name ?? '')
  const [target, setTarget] = useState('')
  const [chosen, setChosen] = useState<AlertLevel[]>([...(channel?.levels ?? [])])
  const [apiKeyIds, setApiKeyIds] = useState<string[]>([...(channel?.apiKeyIds ?? [])])

  function submit(event: FormEvent): void {
    event.preventDefault()
    void onSave({
      ...{ kind, name, target: target === '' ? null : target },
      levels: chosen.length === 0 ? null : chosen,
      apiKeyIds: apiKeyIds.length === 0 ? null : apiKeyIds,
    })
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        {channel === null && (
          <Select
            label="Kind"
            data={kinds.map((value) => ({ value, label: kindWords[value].label }))}
            allowDeselect={false}
            value={kind}
            onChange={(value) => value !== null && setKind(value)}
          />
        )}
        <TextInput
          label="Name"
          required
          maxLength={100}
          placeholder="On call"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TargetField channel={channel} kind={kind} value={target} onChange={setTarget} />
        <MultiSelect
          label="Which alerts"
          placeholder={chosen.length === 0 ? 'All of them' : ''}
          data={levels.map((value) => ({
            value,
            label: `${levelWords[value].label}: ${levelWords[value].means}`,
          }))}
          value={chosen}
          onChange={setChosen}
        />
        <MultiSelect
          label="Of which keys"
          placeholder={apiKeyIds.length === 0 ? 'All keys, those to come too' : ''}
          data={keys.map(({ id, name, prefix }) => ({
            ...{ value: id, label: `${isolated(name)} (${prefix}…)` },
          }))}
          value={apiKeyIds}
          onChange={setApiKeyIds}
        />
        {problem}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {channel === null ? 'Create channel' : 'Save channel'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface TargetFieldProps {
  channel: Channel | null
  kind: ChannelKind
  value: string
  onChange: (value: string) => void
}

/** What is stored is a secret and is not shown again; the account's own address is changed elsewhere. */
function TargetField({ channel, kind, value, onChange }: TargetFieldProps) {
  const { target, example, hint } = kindWords[kind]
  if (channel?.ownAddress) return null
  return (
    <TextInput
      label={target}
      description={hint}
      required={channel === null}
      type={kind === 'EMAIL' ? 'email' : 'url'}
      placeholder={channel === null ? example : `Stays ${channel.target}`}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

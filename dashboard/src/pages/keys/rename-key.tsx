import { Button, Group, Popover, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { UpdateKeyDocument } from '../../gql/graphql.ts'

interface RenameKeyProps {
  id: string
  name: string
  /** Of the element that names the key. */
  describedBy: string
}

export function RenameKey({ id, name, describedBy }: RenameKeyProps) {
  const [{ fetching, error }, update] = useMutation(UpdateKeyDocument)
  const [opened, setOpened] = useState(false)
  const [next, setNext] = useState(name)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const { data } = await update({ id, input: { name: next } })
    if (data?.updateApiKey) setOpened(false)
  }

  return (
    <Popover opened={opened} onChange={setOpened} trapFocus withinPortal={false} width={280}>
      <Popover.Target>
        <Button
          variant="subtle"
          size="compact-sm"
          aria-describedby={describedBy}
          onClick={() => {
            setNext(name)
            setOpened(!opened)
          }}
        >
          Rename
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Rename">
        <form onSubmit={(event) => void submit(event)}>
          <TextInput
            label="New name"
            required
            maxLength={100}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
          />
          {error && <Failed what="The name was not changed." error={error} />}
          <Group justify="flex-end" mt="sm">
            <Button type="submit" size="sm" loading={fetching}>
              Save
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}

import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useMutation } from 'urql'
import { Name } from '../../components/name.tsx'
import { Failed } from '../../components/states.tsx'
import { RotateKeyDocument } from '../../gql/graphql.ts'

interface RotateKeyProps {
  id: string
  name: string
  /** Of the element that names the key. */
  describedBy: string
  onSecret: (secret: string) => void
}

/** Hours that the earlier secrets go on for. */
const overlaps = [
  { hours: '0', label: 'Not at all', means: 'Where the secret may be in wrong hands.' },
  { hours: '1', label: 'For an hour', means: '' },
  { hours: '24', label: 'For a day', means: 'Time to change it where it is used.' },
  { hours: '168', label: 'For a week', means: '' },
]
const usual = '24'

/** Another secret for the same key: its name, its plan and what it has used stay. */
export function RotateKey({ id, name, describedBy, onSecret }: RotateKeyProps) {
  const [{ fetching, error }, rotate] = useMutation(RotateKeyDocument)
  const [opened, { open, close }] = useDisclosure()
  const [hours, setHours] = useState(usual)

  async function run(): Promise<void> {
    const { data } = await rotate({ id, overlapHours: Number(hours) })
    if (!data?.rotateApiKey) return
    close()
    onSecret(data.rotateApiKey.secret)
  }

  return (
    <>
      <Button variant="default" onClick={open} aria-describedby={describedBy}>
        Rotate
      </Button>
      <Modal opened={opened} onClose={close} centered title={<b>A new secret</b>}>
        <Stack>
          <Text size="sm">
            “<Name>{name}</Name>” gets a new secret, which is shown once. Its plan and what it has
            used stay as they are.
          </Text>
          <Radio.Group label="The old secret goes on" value={hours} onChange={setHours}>
            <Stack gap="xs" mt="xs">
              {overlaps.map(({ hours: value, label, means }) => (
                <Radio key={value} value={value} label={label} description={means || undefined} />
              ))}
            </Stack>
          </Radio.Group>
          {error && <Failed what="The key was not rotated." error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button loading={fetching} onClick={() => void run()}>
              Make the new secret
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}

import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation } from 'urql'
import { AskFirst } from '../../components/ask-first.tsx'
import { Name } from '../../components/name.tsx'
import { Failed } from '../../components/states.tsx'
import { RevokeKeyDocument } from '../../gql/graphql.ts'

interface RevokeKeyProps {
  id: string
  name: string
  prefix: string
  /** Of the element that names the key. */
  describedBy: string
}

/** Ends a key for good, once somebody has said so twice. */
export function RevokeKey({ id, name, prefix, describedBy }: RevokeKeyProps) {
  const [{ fetching, error }, revoke] = useMutation(RevokeKeyDocument)
  const [opened, { open, close }] = useDisclosure()
  const run = async () => {
    const { data } = await revoke({ id })
    if (data?.revokeApiKey) close()
  }
  return (
    <>
      <Button variant="outline" color="red" onClick={open} aria-describedby={describedBy}>
        Revoke
      </Button>
      <AskFirst
        opened={opened}
        title={
          <>
            Revoke “<Name>{name}</Name>”?
          </>
        }
        yes="Revoke this key"
        busy={fetching}
        onYes={() => void run()}
        onClose={close}
      >
        <Text size="sm">
          Calls with <code>{prefix}…</code> (<Name>{name}</Name>) are refused everywhere within a
          second, open connections too. It cannot be taken back; what was used stays on record.
        </Text>
        {error && <Failed what="The key was not revoked." error={error} />}
      </AskFirst>
    </>
  )
}

import { Button, Container, Stack, Text, TextInput, Title } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { SignUpDocument } from '../../gql/graphql.ts'
import type { Session } from '../../session/session.ts'

/** For somebody who is signed in and has no account yet. */
export function SignUp({ person, onDone }: { person: Session['person']; onDone: () => void }) {
  const [{ fetching, error }, signUp] = useMutation(SignUpDocument)
  const [name, setName] = useState(person.name)
  const [email, setEmail] = useState(person.email ?? '')

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const { data } = await signUp({ name, email })
    if (data?.signUp) onDone()
  }

  return (
    <Container size="xs" component="main" py={64}>
      <form onSubmit={submit}>
        <Stack>
          <Title order={1}>Create your account</Title>
          <Text>It is free: 1,000 calls a month on the plan “Free”, and nothing to pay with.</Text>
          <TextInput
            label="Name"
            description="Of your company, or your own; it stands on invoices."
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="E-mail"
            description="Where warnings go before a limit is reached."
            type="email"
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          {error && <Failed what="The account was not created." error={error} />}
          <Button type="submit" loading={fetching}>
            Create account
          </Button>
        </Stack>
      </form>
    </Container>
  )
}

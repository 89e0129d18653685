import { Button, Container, Stack, Text, Title } from '@mantine/core'

/** @param signIn null: nobody can, and `why` says it */
export function SignedOut({ signIn, why }: { signIn: (() => void) | null; why: string | null }) {
  return (
    <Container size="xs" component="main" py={96}>
      <Stack>
        <Title order={1}>{signIn ? 'You are signed out' : 'GetComplical'}</Title>
        {why !== null && <Text>{why}</Text>}
        {signIn && <Button onClick={signIn}>Sign in</Button>}
      </Stack>
    </Container>
  )
}

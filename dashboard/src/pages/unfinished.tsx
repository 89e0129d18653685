import { Text, Title } from '@mantine/core'

export function Unfinished() {
  return (
    <>
      <Title order={1}>Not here yet</Title>
      <Text>This page is being built. The API has all of it already.</Text>
    </>
  )
}

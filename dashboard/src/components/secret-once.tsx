import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'

interface SecretOnceProps {
  title: string
  /** What it opens, and what to do with it. */
  children: ReactNode
  secret: string
  /** It has been stored: it is gone from the page. */
  onDone: () => void
}

/** A secret that the server does not know any more. The focus comes here, where it is copied. */
export function SecretOnce({ title, children, secret, onDone }: SecretOnceProps) {
  const copyButton = useRef<HTMLButtonElement>(null)
  useEffect(() => copyButton.current?.focus(), [])
  return (
    <Alert
      className="secret-once"
      color="teal"
      title={title}
      variant="light"
      role="group"
      aria-label={title}
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{children}</Text>
        <Code block className="typed secret" data-testid="secret">
          {secret}
        </Code>
        <Group gap="xs">
          <CopyButton text={secret} button={copyButton} />
          <Button variant="default" onClick={onDone}>
            I have stored it
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}

interface CopyButtonProps {
  text: string
  button: React.Ref<HTMLButtonElement>
}

/** Browsers give the clipboard to pages over HTTPS and on the own machine only. */
function CopyButton({ text, button }: CopyButtonProps) {
  const [said, say] = useState<string | null>(null)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      say('Copied.')
    } catch {
      say('Your browser does not let this page copy: select the text instead.')
    }
  }
  return (
    <>
      <Button ref={button} onClick={() => void copy()}>
        Copy
      </Button>
      <Text size="sm" role="status">
        {said}
      </Text>
    </>
  )
}

import { Modal } from '@mantine/core'
import { Name } from '../../components/name.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'

interface SigningSecretProps {
  /** Of the channel. */
  name: string
  secret: string
  onDone: () => void
}

/** What the requests of a web hook are signed with; only its button closes it. */
export function SigningSecret({ name, secret, onDone }: SigningSecretProps) {
  return (
    <Modal
      opened
      onClose={onDone}
      centered
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      aria-label="Signing secret"
    >
      <SecretOnce title="Signing secret" secret={secret} onDone={onDone}>
        Requests of “<Name>{name}</Name>” are signed with it, as Standard Webhooks says. It is shown
        this once: copy it now to where your server checks them.
      </SecretOnce>
    </Modal>
  )
}

import { Button, Stack } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { OpenPortalDocument } from '../../gql/graphql.ts'
import type { BillingKey } from './billing.tsx'

interface PortalButtonProps {
  apiKey: BillingKey
  label: string
  /** It is what one should do now. */
  filled?: boolean
}

/**
 * Leaves for the provider's own pages of the key's subscription. Their address lets in whoever has it, for a short
 * time: it is asked for on the way and kept nowhere. Nothing where this server may not ask the provider.
 */
export function PortalButton({ apiKey, label, filled = false }: PortalButtonProps) {
  const [{ fetching, error }, open] = useMutation(OpenPortalDocument)
  const [leaving, setLeaving] = useState(false)
  if (!apiKey.subscription?.hasPortal) return null

  async function leave(): Promise<void> {
    const { data } = await open({ apiKeyId: apiKey.id })
    if (!data?.billingPortal) return
    setLeaving(true)
    location.assign(data.billingPortal.url)
  }

  return (
    <Stack gap="xs" align="flex-start">
      <Button
        variant={filled ? 'filled' : 'default'}
        size="xs"
        loading={fetching || leaving}
        onClick={() => void leave()}
        aria-label={`${label}, ${apiKey.name}`}
      >
        {label}
      </Button>
      {error && <Failed what="The provider’s pages did not open." error={error} />}
    </Stack>
  )
}

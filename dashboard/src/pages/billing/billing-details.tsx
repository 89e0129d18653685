import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { Panel } from '../../components/panel.tsx'
import { Failed } from '../../components/states.tsx'
import { SaveBillingDetailsDocument } from '../../gql/graphql.ts'
import type { BillingAccount } from './billing.tsx'

/** Whom invoices are made out to. What was issued does not change any more. */
export function BillingDetails({ account }: { account: BillingAccount }) {
  const [{ fetching, error }, save] = useMutation(SaveBillingDetailsDocument)
  const [name, setName] = useState(account.billingName ?? '')
  const [address, setAddress] = useState(account.billingAddress?.join('\n') ?? '')
  const [taxId, setTaxId] = useState(account.taxId ?? '')
  const [saved, setSaved] = useState(false)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setSaved(false)
    const lines = address
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
    const input = {
      billingName: name.trim() || null,
      billingAddress: lines.length > 0 ? lines : null,
      taxId: taxId.trim() || null,
    }
    const { data } = await save({ input })
    setSaved(data?.updateAccount != null)
  }

  return (
    <Panel
      title="Made out to"
      about={
        <>
          Stands on invoices from the next one on. They are mailed to{' '}
          <span className="typed">{account.email}</span>.
        </>
      }
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            placeholder={account.name}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Address"
            description="At most eight lines."
            autosize
            minRows={3}
            maxRows={8}
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          <TextInput
            label="Tax id"
            description="As it shall be printed, with its kind: ABN, VAT, GST."
            maxLength={100}
            value={taxId}
            onChange={(event) => setTaxId(event.currentTarget.value)}
          />
          {error && <Failed what="The details were not saved." error={error} />}
          <Group>
            <Button type="submit" loading={fetching}>
              Save
            </Button>
            <Text size="sm" role="status">
              {saved ? 'Saved.' : ''}
            </Text>
          </Group>
        </Stack>
      </form>
    </Panel>
  )
}

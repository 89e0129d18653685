import { Button, Group, NumberInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { money, separators, whole } from '../../format/numbers.ts'
import { SetOverageCapDocument } from '../../gql/graphql.ts'
import type { KeyPlan } from './keys.tsx'

interface OverageCapProps {
  id: string
  /** Null: none. */
  cap: number | null
  overage: NonNullable<KeyPlan['overage']>
}

/** How many calls above the limit may be billed, on a plan that bills them. */
export function OverageCap({ id, cap, overage }: OverageCapProps) {
  const [{ fetching, error }, set] = useMutation(SetOverageCapDocument)
  const [units, setUnits] = useState<number | string>(cap ?? '')
  const next = units === '' ? null : Number(units)
  const price = `${money(overage.price)} for ${whole(overage.per)} units`

  function submit(event: FormEvent): void {
    event.preventDefault()
    void set({ id, units: next })
  }

  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <NumberInput
          label="Units above the limit, at most"
          description={`They cost ${price}. 0: calls stop at the limit. Empty: no cap.`}
          placeholder="No cap"
          w="100%"
          maw={300}
          min={0}
          max={Number.MAX_SAFE_INTEGER}
          allowDecimal={false}
          {...separators}
          hideControls
          value={units}
          onChange={setUnits}
        />
        <Button type="submit" variant="default" loading={fetching} disabled={next === cap}>
          Save cap
        </Button>
      </Group>
      {error && <Failed what="The cap was not changed." error={error} />}
    </form>
  )
}

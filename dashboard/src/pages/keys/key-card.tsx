import { Alert, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { KeyStatus } from '../../components/key-status.tsx'
import { Name } from '../../components/name.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import { UsageMeter } from '../../components/usage-meter.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { fromNow, startOfNextMonth } from '../../format/times.ts'
import type { KeyUsage } from '../../graphql/key-usage.ts'
import { AlertsSwitch } from './alerts-switch.tsx'
import { KeyHistory } from './key-history.tsx'
import type { Key, KeyPlan } from './keys.tsx'
import { OverageCap } from './overage-cap.tsx'
import { RenameKey } from './rename-key.tsx'
import { RevokeKey } from './revoke-key.tsx'
import { RotateKey } from './rotate-key.tsx'

interface KeyCardProps {
  apiKey: Key
  usage: KeyUsage
  plan: KeyPlan | undefined
  /** ms */
  now: number
}

export function KeyCard({ apiKey, usage, plan, now }: KeyCardProps) {
  const { id, name, prefix, lastFour, status, blockedBecause } = apiKey
  const [secret, setSecret] = useState<string | null>(null)
  const titleId = `name-of-${id}`
  return (
    <Card withBorder padding="lg" component="section" aria-labelledby={titleId}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Group gap="xs">
            <Title order={2} size="h4" id={titleId}>
              <Name>{name}</Name>
            </Title>
            <KeyStatus status={status} />
            <Badge variant="outline" color="gray" tt="none">
              {plan?.name ?? apiKey.tier}
            </Badge>
            <RenameKey id={id} name={name} describedBy={titleId} />
          </Group>
          <Text ff="monospace" size="sm" className="typed">
            {prefix}…{lastFour}
          </Text>
        </div>
        <Group gap="xs">
          <RotateKey id={id} name={name} describedBy={titleId} onSecret={setSecret} />
          <RevokeKey id={id} name={name} prefix={prefix} describedBy={titleId} />
        </Group>
      </Group>
      <Stack gap="md" mt="md">
        {blockedBecause && (
          <Alert color="red" variant="light" title="Calls with this key are refused">
            {blockedBecause}
          </Alert>
        )}
        {secret !== null && (
          <SecretOnce
            key={secret}
            title="The new secret"
            secret={secret}
            onDone={() => setSecret(null)}
          >
            It is shown this once and kept nowhere: copy it now to where your program reads it.
          </SecretOnce>
        )}
        <Facts apiKey={apiKey} usage={usage} now={now} />
        <Group gap="xl" align="flex-start">
          <AlertsSwitch apiKey={apiKey} />
          {plan?.overage && <OverageCap id={id} cap={apiKey.overageCap} overage={plan.overage} />}
        </Group>
        <KeyHistory history={apiKey.accessHistory} />
      </Stack>
    </Card>
  )
}

function Facts({ apiKey, usage, now }: Pick<KeyCardProps, 'apiKey' | 'usage' | 'now'>) {
  const { name, createdAt, lastUsedAt } = apiKey
  const resets = new Date(startOfNextMonth(now)).toISOString()
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <div>
        <Group justify="space-between" gap="xs">
          <Text>
            <Text span fw={700} fz="xl" role="group" aria-label={`Units this month, ${name}`}>
              <WholeNumber value={usage.month} />
            </Text>{' '}
            {usage.limit === null ? 'units this month' : <Limit limit={usage.limit} />}
          </Text>
          {usage.remaining !== null && (
            <Text size="sm">
              <WholeNumber value={usage.remaining} /> left
            </Text>
          )}
        </Group>
        <UsageMeter used={usage.month} limit={usage.limit} label={`Used of the limit, ${name}`} />
      </div>
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
        <Fact name="Last used">
          {lastUsedAt ? (
            <>
              {fromNow(lastUsedAt, now)}
              <br />
              <UtcTime at={lastUsedAt} />
            </>
          ) : (
            // It is written down within a minute.
            (usage.hour > 0 && 'just now') || 'not yet'
          )}
        </Fact>
        <Fact name="Created">
          <UtcTime at={createdAt} />
        </Fact>
        <Fact name="Begins again at 0">
          <UtcTime at={resets} />
        </Fact>
      </SimpleGrid>
    </SimpleGrid>
  )
}

function Limit({ limit }: { limit: number }) {
  return (
    <>
      of <WholeNumber value={limit} /> units this month
    </>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text size="sm">{children}</Text>
    </div>
  )
}

import { Stack, Tabs, Text, Title } from '@mantine/core'
import { useLocation, useRoute } from 'wouter'
import { AccessAudit } from './access-audit.tsx'
import { Accounts } from './accounts.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { Jobs } from './jobs.tsx'
import { PipelineView } from './pipeline-view.tsx'

const sections = [
  { name: 'accounts', title: 'Accounts', View: Accounts },
  { name: 'pipeline', title: 'Pipeline', View: PipelineView },
  { name: 'dead-letters', title: 'Dead letters', View: DeadLetters },
  { name: 'jobs', title: 'Jobs', View: Jobs },
  { name: 'access', title: 'Access changes', View: AccessAudit },
] as const

/** For operators: all accounts, and whether everything that is promised to them happens. */
export function Admin() {
  const [, params] = useRoute<{ section?: string }>('/admin/:section?')
  const [, go] = useLocation()
  const open = sections.find(({ name }) => name === params?.section) ?? sections[0]
  return (
    <Stack>
      <div>
        <Title order={1}>Admin</Title>
        <Text c="dimmed">Whoever has the operator’s claim sees this, and all accounts.</Text>
      </div>
      <Tabs
        value={open.name}
        onChange={(name) => go(`/admin/${name ?? ''}`)}
        keepMounted={false}
        activateTabWithKeyboard={false}
      >
        <Tabs.List aria-label="Sections" mb="md">
          {sections.map(({ name, title }) => (
            <Tabs.Tab key={name} value={name}>
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {sections.map(({ name, View }) => (
          <Tabs.Panel key={name} value={name}>
            <View />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  )
}

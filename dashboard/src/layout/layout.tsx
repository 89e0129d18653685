import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  Text,
  Title,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { Link, useRoute } from 'wouter'
import { Name } from '../components/name.tsx'
import { pages } from '../pages/page-list.ts'
import type { Session } from '../session/session.ts'
import type { Settings } from '../settings.ts'
import { ConnectionNotice } from './connection-notice.tsx'

interface LayoutProps {
  session: Session
  settings: Settings
  admin: boolean
  account: { name: string } | null
  children: ReactNode
}

/** The frame of every page: where one is, where one may go, and whether what is shown is live. */
export function Layout({ session, settings, admin, account, children }: LayoutProps) {
  const [opened, { toggle, close }] = useDisclosure()
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Title order={2} size="h4" visibleFrom="xs">
              GetComplical
            </Title>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {account && <ConnectionNotice />}
            <Text size="sm" visibleFrom="sm" truncate maw={280}>
              <Name>{account?.name ?? session.person.name}</Name>
            </Text>
            <SchemeButton />
            <Button variant="default" size="xs" onClick={() => void session.signOut()}>
              Sign out
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label="Pages" p="xs">
        {pages
          .filter((page) => !page.adminOnly || admin)
          .map(({ path, title }) => (
            <PageLink key={path} path={path} title={title} onGo={close} />
          ))}
        <Text size="xs" c="dimmed" mt="auto" p="xs">
          Version {settings.version}
        </Text>
      </AppShell.Navbar>
      <AppShell.Main>{children}</AppShell.Main>
    </AppShell>
  )
}

function PageLink({ path, title, onGo }: { path: string; title: string; onGo: () => void }) {
  const [active] = useRoute(path === '/' ? '/' : `${path}/*?`)
  return (
    <NavLink
      component={Link}
      href={path}
      label={title}
      active={active}
      onClick={onGo}
      {...(active && { 'aria-current': 'page' as const })}
    />
  )
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <ActionIcon
      variant="default"
      size={30}
      aria-label={`Use the ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {scheme === 'dark' ? '☀' : '☾'}
    </ActionIcon>
  )
}

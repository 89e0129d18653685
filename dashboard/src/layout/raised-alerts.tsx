import { Anchor, Group, Notification, Text } from '@mantine/core'
import { Link } from 'wouter'
import { AlertLevelBadge } from '../components/alert-level.tsx'
import { useLiveNews } from '../graphql/live-news.tsx'

const MOST_SHOWN = 3

/** What was raised while the page is open, over whatever is on it until somebody has seen it. */
export function RaisedAlerts() {
  const { raised, putAway } = useLiveNews()
  return (
    <div className="raised-alerts">
      {raised.slice(0, MOST_SHOWN).map(({ id, level, message }) => (
        <Notification
          key={id}
          withBorder
          color="gray"
          title={<AlertLevelBadge level={level} />}
          closeButtonProps={{ 'aria-label': 'Put away' }}
          onClose={() => putAway(id)}
        >
          <Group justify="space-between" gap="xs">
            <Text size="sm">{message}</Text>
            <Anchor
              component={Link}
              href="/alerts"
              size="sm"
              underline="always"
              onClick={() => putAway(id)}
            >
              All alerts
            </Anchor>
          </Group>
        </Notification>
      ))}
    </div>
  )
}

import { Badge, Card, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { WideTable } from '../../components/wide-table.tsx'
import { AdminPipelineDocument, type AdminPipelineQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'

type Pipeline = NonNullable<AdminPipelineQuery['pipeline']>

const READ_EVERY_MS = 5_000
/** A spool that nobody has fed for so long may hold calls that nobody counts. */
const STALE_MS = 3_600_000

/** The way of calls to their totals, read anew every few seconds: it costs no units. */
export function PipelineView() {
  const { data, error, again } = useRead({ query: AdminPipelineDocument })
  useEffect(() => {
    const timer = setInterval(again, READ_EVERY_MS)
    return () => clearInterval(timer)
  }, [again])
  if (!data?.pipeline) {
    if (!error) return <Loading what="The pipeline" />
    return <Failed what="The pipeline could not be read." error={error} onRetry={again} />
  }
  const { pipeline } = data
  return (
    <Stack>
      <Summary pipeline={pipeline} />
      <Partitions partitions={pipeline.partitions} />
      <Spools producers={pipeline.producers} />
      <LastJobs jobs={pipeline.jobs} />
    </Stack>
  )
}

function Summary({ pipeline: { partitions, producers, workers } }: { pipeline: Pipeline }) {
  const now = Date.now()
  const unknown = partitions.some(({ lagEntries }) => lagEntries === null)
  const waiting = partitions.reduce((sum, { lagEntries }) => sum + (lagEntries ?? 0), 0)
  const oldest = Math.max(0, ...partitions.map(({ lagSeconds }) => lagSeconds ?? 0))
  const alone = partitions.filter((one) => !isOwned(one, now)).length
  const alive = workers.filter(({ aliveUntil }) => Date.parse(aliveUntil) > now).length
  const stale = producers.filter((one) => isStale(one, now)).length
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
      <Tile
        name="Waiting to be counted"
        note={unknown ? 'Redis did not answer: unknown.' : 'Batches of calls, over all partitions.'}
      >
        {unknown ? 'unknown' : <WholeNumber value={waiting} />}
      </Tile>
      <Tile name="The oldest of them waits" note="More than a minute: look at the workers.">
        <WholeNumber value={Math.round(oldest)} /> s
      </Tile>
      <Tile
        name="Workers that count"
        note={alone === 0 ? 'Every partition has one.' : `${alone} partitions have none now.`}
      >
        <WholeNumber value={alive} />
      </Tile>
      <Tile
        name="Spools"
        note={stale === 0 ? 'All are fed.' : `${stale} not fed for an hour: calls may be missing.`}
      >
        <WholeNumber value={producers.length} />
      </Tile>
    </SimpleGrid>
  )
}

function Tile({ name, note, children }: { name: string; note: string; children: ReactNode }) {
  return (
    <Card withBorder role="group" aria-label={name}>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={28} fw={700} lh={1.3}>
        {children}
      </Text>
      <Text size="sm" c="dimmed">
        {note}
      </Text>
    </Card>
  )
}

type Partition = Pipeline['partitions'][number]

function isOwned({ owner, leaseUntil }: Partition, now: number): boolean {
  return owner !== null && Date.parse(leaseUntil) > now
}

function isStale({ seenAt }: Pipeline['producers'][number], now: number): boolean {
  return now - Date.parse(seenAt) >= STALE_MS
}

function Partitions({ partitions }: { partitions: readonly Partition[] }) {
  const now = Date.now()
  return (
    <Panel
      title="Partitions"
      about="Keys are spread over them; each is counted by one worker at a time. A gap: Redis lost batches, and the spool sends them again."
    >
      {partitions.length === 0 ? (
        <Empty>No worker has run yet.</Empty>
      ) : (
        <WideTable
          name="Partitions"
          minWidth={640}
          verticalSpacing={4}
          head={
            <>
              <Table.Th>Partition</Table.Th>
              <Table.Th>Counted by</Table.Th>
              <Table.Th ta="right">Waiting</Table.Th>
              <Table.Th ta="right">Oldest, s</Table.Th>
              <Table.Th ta="right">Gaps</Table.Th>
              <Table.Th ta="right">Commits</Table.Th>
            </>
          }
        >
          {partitions.map((one) => (
            <Table.Tr key={one.partition}>
              <Table.Td>{one.partition}</Table.Td>
              <Table.Td className="typed">
                {isOwned(one, now) ? one.owner : 'nobody, until another worker takes it'}
              </Table.Td>
              <Table.Td ta="right">{numberOr(one.lagEntries)}</Table.Td>
              <Table.Td ta="right">{numberOr(one.lagSeconds)}</Table.Td>
              <Table.Td ta="right">
                <WholeNumber value={one.gaps} />
              </Table.Td>
              <Table.Td ta="right">
                <WholeNumber value={one.commits} />
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Panel>
  )
}

/** @param value null: Redis did not answer */
function numberOr(value: number | null): ReactNode {
  return value === null ? 'unknown' : <WholeNumber value={Math.round(value)} />
}

function Spools({ producers }: Pick<Pipeline, 'producers'>) {
  const now = Date.now()
  return (
    <Panel title="Spools" about="Answered calls on the disk of a machine, until all are counted.">
      {producers.length === 0 ? (
        <Empty>No process has a spool.</Empty>
      ) : (
        <WideTable
          name="Spools"
          minWidth={560}
          verticalSpacing={4}
          head={
            <>
              <Table.Th>Machine</Table.Th>
              <Table.Th>Opened</Table.Th>
              <Table.Th>Last fed</Table.Th>
              <Table.Th>State</Table.Th>
            </>
          }
        >
          {producers.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td className="typed">{one.host}</Table.Td>
              <Table.Td>
                <UtcTime at={one.openedAt} />
              </Table.Td>
              <Table.Td>
                <UtcTime at={one.seenAt} />
              </Table.Td>
              <Table.Td>
                <Badge color={isStale(one, now) ? 'red' : 'green'} variant="light" tt="none">
                  {isStale(one, now) ? 'Left alone' : 'Fed'}
                </Badge>
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Panel>
  )
}

function LastJobs({ jobs }: Pick<Pipeline, 'jobs'>) {
  return (
    <Panel title="Scheduled work" about="The last runs, newest first.">
      {jobs.length === 0 ? (
        <Empty>Nothing has run yet.</Empty>
      ) : (
        <WideTable
          name="Scheduled work"
          minWidth={640}
          verticalSpacing={4}
          head={
            <>
              <Table.Th>Run</Table.Th>
              <Table.Th>Began</Table.Th>
              <Table.Th>Ended</Table.Th>
              <Table.Th ta="right">Attempts</Table.Th>
              <Table.Th ta="right">Differences</Table.Th>
            </>
          }
        >
          {jobs.map((job) => (
            <Table.Tr key={job.id}>
              <Table.Td className="typed">{job.id}</Table.Td>
              <Table.Td>
                <UtcTime at={job.startedAt} />
              </Table.Td>
              <Table.Td>
                {job.finishedAt === null ? 'runs' : <UtcTime at={job.finishedAt} />}
              </Table.Td>
              <Table.Td ta="right">
                <WholeNumber value={job.attempts} />
              </Table.Td>
              <Table.Td ta="right">
                {job.differenceCount === null ? '–' : <WholeNumber value={job.differenceCount} />}
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Panel>
  )
}

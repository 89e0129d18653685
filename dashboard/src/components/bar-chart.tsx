import './chart.css'
import { Group, Paper, Table, Text, useComputedColorScheme } from '@mantine/core'
import { useMemo, useRef, useState } from 'react'
import { whole } from '../format/numbers.ts'
import { type Bar, chartData, chartOptions } from './chart-options.ts'
import { Plot } from './plot.tsx'
import { WholeNumber } from './whole-number.tsx'

export interface BarChartProps {
  /** What is shown, for whoever does not see it. */
  label: string
  /** What one bar stands for: `Hour`, `Day`. */
  step: string
  bars: readonly Bar[]
  /** What the dashed line is; left out where there is none. */
  beforeName?: string | undefined
  /** px */
  height?: number
}

/** Units by time. The same figures stand in a table, which is closed at first. */
export function BarChart({ label, step, bars, beforeName, height = 220 }: BarChartProps) {
  const scheme = useComputedColorScheme('light')
  const [pointed, point] = useState<number | null>(null)
  const latest = useRef(bars)
  latest.current = bars
  // biome-ignore lint/correctness/useExhaustiveDependencies: the canvas is drawn anew in other colours
  const options = useMemo(() => chartOptions(() => latest.current, point), [scheme])
  const data = useMemo(() => chartData(bars), [bars])
  const under = pointed === null ? undefined : bars[pointed]
  return (
    <figure className="chart">
      <div className="chart-place">
        <Plot options={options} data={data} height={height} label={`${label}: ${inWords(bars)}`} />
        {under && (
          <Tip bar={under} beforeName={beforeName} right={(pointed ?? 0) < bars.length / 2} />
        )}
      </div>
      <Legend bars={bars} beforeName={beforeName} />
      <Figures label={label} step={step} bars={bars} beforeName={beforeName} />
    </figure>
  )
}

/** The whole of it in a sentence. */
function inWords(bars: readonly Bar[]): string {
  const total = bars.reduce((sum, { value }) => sum + value, 0)
  const highest = bars.reduce<Bar | null>(
    (most, bar) => (bar.value > (most?.value ?? 0) ? bar : most),
    null,
  )
  const most = highest ? `, most on ${highest.name} with ${whole(highest.value)}` : ''
  return `${whole(total)} units${most}. The figures stand in the table below.`
}

interface TipProps {
  bar: Bar
  beforeName: string | undefined
  right: boolean
}

function Tip({ bar, beforeName, right }: TipProps) {
  return (
    <Paper
      withBorder
      shadow="sm"
      p="xs"
      className="chart-tip"
      style={right ? { right: 8 } : { left: 64 }}
      aria-hidden
    >
      <Text size="sm" fw={600}>
        {bar.name}
      </Text>
      <Text size="sm">
        <WholeNumber value={bar.value} /> units
      </Text>
      {beforeName && bar.before != null && (
        <Text size="sm" c="dimmed">
          {beforeName}: <WholeNumber value={bar.before} />
        </Text>
      )}
      {[...(bar.deadlines ?? []), ...(bar.unusual ?? [])].map((words) => (
        <Text size="xs" key={words}>
          {words}
        </Text>
      ))}
    </Paper>
  )
}

/** Of what is on the chart: the shapes say it, the colours only help. */
function Legend({ bars, beforeName }: Pick<BarChartProps, 'bars' | 'beforeName'>) {
  const due = bars.some(({ deadlines }) => deadlines?.length)
  const unusual = bars.some(({ unusual }) => unusual?.length)
  if (!beforeName && !due && !unusual) return null
  return (
    <Group gap="md" mb="xs" aria-hidden>
      <Sign text="Units" shape="M1 3h10v10H1z" ink="bar" />
      {beforeName && <Sign text={beforeName} shape="M0 7h5v2H0zM8 7h5v2H8z" ink="before" />}
      {due && <Sign text="Tax due date" shape="M1 3h10L6 11z" ink="deadline" />}
      {unusual && <Sign text="Unusual day" shape="M6 2l6 6-6 6-6-6z" ink="unusual" />}
    </Group>
  )
}

function Sign({ text, shape, ink }: { text: string; shape: string; ink: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <svg width="14" height="14" aria-hidden="true">
        <path d={shape} fill={`var(--chart-${ink})`} />
      </svg>
      <Text size="xs">{text}</Text>
    </Group>
  )
}

function Figures({ label, step, bars, beforeName }: Omit<BarChartProps, 'height'>) {
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show as a table</summary>
      {open && (
        <Table aria-label={label} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{step} (UTC)</Table.Th>
              <Table.Th ta="right">Units</Table.Th>
              {beforeName && <Table.Th ta="right">{beforeName}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {bars.map((bar) => (
              <Row key={bar.name} bar={bar} compared={beforeName !== undefined} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </details>
  )
}

function Row({ bar, compared }: { bar: Bar; compared: boolean }) {
  const { name, value, before, deadlines = [], unusual = [] } = bar
  return (
    <Table.Tr>
      <Table.Td>
        {name}
        {[...deadlines, ...unusual].map((words) => (
          <Text size="xs" c="dimmed" key={words}>
            {words}
          </Text>
        ))}
      </Table.Td>
      <Table.Td ta="right">
        <WholeNumber value={value} />
      </Table.Td>
      {compared && (
        <Table.Td ta="right">{before == null ? '–' : <WholeNumber value={before} />}</Table.Td>
      )}
    </Table.Tr>
  )
}

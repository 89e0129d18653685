import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the roll-up exports; each help text says what a sustained value means. */
export function createRollUpMetrics(registry: Registry) {
  const registers = [registry]
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `getcomplical_rollup_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `getcomplical_rollup_${name}`, help, registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `getcomplical_rollup_${name}`, help, buckets, registers })
  return {
    owned: gauge('partitions_owned', 'Partitions this worker owns; all workers together own 16.'),
    ownerless: gauge(
      'partitions_ownerless',
      'Partitions that have had no owner for over two leases. ALARM above 0: too few workers run, or ' +
        'they cannot take over.',
    ),
    commits: counter(
      'commits_total',
      'Committed flushes. None while events wait: see aborted commits.',
    ),
    commitSeconds: histogram(
      'commit_seconds',
      'Length of a flush transaction. Sustained above 1: MongoDB is too slow, and a hand-over is near.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    ),
    commitCells: histogram(
      'commit_cells',
      'Hours, days and months written by a flush; its cost follows them.',
      [1, 10, 100, 1_000, 10_000, 100_000],
    ),
    events: counter('events_total', 'Events counted.'),
    eventAge: histogram(
      'event_age_seconds',
      'Age of the newest event of each flush at its commit: from answer to total. Sustained above 2: ' +
        'usage is shown late; add workers.',
      [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30, 300],
    ),
    aborted: counter(
      'aborted_commits_total',
      'Flushes given up and done again (stale: another worker has taken over; error: MongoDB). ' +
        'Sustained: workers that pause longer than their lease, or a MongoDB that fails.',
      ['reason'],
    ),
    takeovers: counter(
      'takeovers_total',
      'Partitions taken, at starts and when another worker stopped or died. Sustained: workers come ' +
        'and go, or pause longer than their lease.',
    ),
    released: counter('released_total', 'Partitions given back for a fair share, or at the end.'),
    skippedFrames: counter(
      'repeated_frames_total',
      'Frames that were counted before and came again: replies lost on the wire, or a resent tail.',
    ),
    gaps: counter(
      'gaps_total',
      'Blobs passed over because something before them is missing. ALARM on any: Redis lost data; the ' +
        'producer sends it again.',
    ),
    regressions: counter(
      'stream_regressions_total',
      'Streams that ended before their committed position. ALARM on any: Redis was emptied or restored.',
    ),
    unknownProducers: counter(
      'unknown_producer_blobs_total',
      'Blobs ignored because their producer is not registered. ALARM on any: an old Redis came back, or ' +
        'an operator retired a machine that still sends.',
    ),
    unseen: gauge(
      'producers_unseen',
      'Registered spools that no process has fed for an hour. ALARM above 0: start a process on that ' +
        'machine, or, if it is gone for good, delete its entry in `producers`; its last calls are lost.',
    ),
    undecodable: counter(
      'undecodable_blobs_total',
      'Blobs of another release, or damaged. ALARM on any: roll out workers before API processes.',
    ),
    readErrors: counter('read_errors_total', 'Stream reads that failed. Sustained: Redis is away.'),
    staleTicks: counter(
      'stale_live_ticks_total',
      'Live messages that Redis refused as older than what it has: this worker had paused.',
    ),
    watermarks: gauge(
      'watermarks_per_partition',
      'Most watermarks in one partition: one for each open spool. Above 1,000: too many API processes ' +
        'or spools that nobody adopts.',
    ),
  }
}

export type RollUpMetrics = ReturnType<typeof createRollUpMetrics>

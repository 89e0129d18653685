import { Counter, Gauge, type Registry } from 'prom-client'

/** Why a partition is sent again from its watermark. */
export const goBackReasons = ['lost', 'gap', 'restored'] as const

/** What the producing side of the counting path exports; each help text says what a sustained value means. */
export function createProducerMetrics(registry: Registry) {
  const registers = [registry]
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `getcomplical_${name}`, help, labelNames, registers })
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `getcomplical_${name}`, help, labelNames, registers })
  const metrics = {
    oldestUncommitted: gauge(
      'spool_oldest_uncommitted_seconds',
      'Age of the oldest answered call that is not in MongoDB yet. Below 2 in health; ALARM above 60: ' +
        'Redis, MongoDB or every roll-up worker is away, and no call is lost while the spool has room.',
    ),
    spoolBytes: gauge(
      'spool_bytes',
      'Bytes in the spools fed by this process. Grows for as long as roll-ups do not commit.',
    ),
    diskUsed: gauge(
      'spool_disk_used_ratio',
      'Used share of the disk that holds the spool. ALARM above 0.8; at 0.95 the process is not ready ' +
        'and when the disk is full metered calls are refused with 503.',
    ),
    refused: counter(
      'spool_refused_calls_total',
      'Metered calls refused because they could not be written to the spool. ALARM on any: disk full ' +
        'or failing. None of them is counted.',
    ),
    longestWrite: gauge(
      'spool_longest_write_seconds',
      'Longest write to the spool since the process started: so long no call was served.',
    ),
    frames: counter(
      'spool_frames_total',
      'Frames written, one for each event-loop tick with calls.',
    ),
    sentEvents: counter('usage_events_sent_total', 'Events handed to Redis, repetitions included.'),
    resentEvents: counter(
      'usage_events_resent_total',
      'Events that will be sent again because Redis lost them. Against the events sent: near 0 in health.',
    ),
    goBacks: counter(
      'usage_go_backs_total',
      'Times that a partition was sent again from its watermark. ALARM on any: Redis lost data ' +
        '(lost: the stream ends before what was sent; gap: the roll-up passed it over; restored: ' +
        'MongoDB fell back). Nothing is lost or counted twice by it.',
      ['reason'],
    ),
    sendErrors: counter(
      'usage_send_errors_total',
      'XADDs that failed or timed out. Sustained: Redis is away, full (maxmemory) or read-only.',
    ),
    outstanding: gauge(
      'usage_outstanding_bytes',
      'Bytes sent and not committed yet. At its window of 8 MB the roll-up is away or too slow.',
    ),
    lostFrames: counter(
      'usage_lost_total',
      'Ranges of frames that MongoDB no longer holds and the spool no longer has. ALARM on any: ' +
        'MongoDB was restored from a backup, and the usage logged with it is gone.',
    ),
    unregistered: counter(
      'producer_registry_missing_total',
      'Times that the registry entry of a spool in use was gone. ALARM on any: the database was reset ' +
        'or restored, or an operator retired this machine while it ran.',
    ),
    adopted: counter('spool_adopted_total', 'Spools of dead processes taken over by this process.'),
    tornBytes: counter(
      'spool_torn_bytes_total',
      'Bytes of half-written frames at the end of adopted spools: calls that were never answered.',
    ),
    damaged: counter(
      'spool_damaged_frames_total',
      'Bad frames before good ones. ALARM on any: the disk lost data that had been written.',
    ),
    quarantined: gauge(
      'spool_quarantined',
      'Spools set aside because their producer is not registered any more. ALARM above 0: an operator ' +
        'must decide whether their calls were counted.',
    ),
    unlocked: gauge(
      'spool_without_lock',
      'Spools with calls whose lock file is gone. ALARM above 0: nobody adopts them, because a living ' +
        'process may own them.',
    ),
  }
  // There before the first loss: an alert sees an increase, and none where a series begins.
  for (const reason of goBackReasons) metrics.goBacks.inc({ reason }, 0)
  return metrics
}

export type ProducerMetrics = ReturnType<typeof createProducerMetrics>

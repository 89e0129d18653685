import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Logger, pino } from 'pino'
import type { HttpMetrics } from './http-metrics.ts'

/**
 * A log of its own for the one line that every call writes: collected and written in pieces, where the
 * other log writes each line at once. A crash may lose the last quarter of a second of it.
 */
export function createAccessLog(level: string, process_: string): AccessLog {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 8_192 })
  const timer = setInterval(() => destination.flush(), 250)
  timer.unref()
  const base = { process: process_, pid: process.pid }
  const log = pino({ level, base, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    log,
    end() {
      clearInterval(timer)
      destination.flushSync()
    },
  }
}

export interface AccessLog {
  log: Logger
  /** Writes what is left. */
  end(): void
}

/**
 * One line a request, when its answer is complete or the client gone: never a query, header or body.
 * @param route its pattern; undefined for a path that is none
 */
export function logAccess(
  tools: { accessLog: Logger; metrics: HttpMetrics },
  request: IncomingMessage,
  response: ServerResponse,
  about: { path: string; route: string | undefined; requestId: string },
): void {
  const startedAt = performance.now()
  const { path, route, requestId } = about
  response.once('close', () => {
    const ms = performance.now() - startedAt
    const { statusCode: status } = response
    tools.metrics.answered(route ?? 'none', status, ms)
    tools.accessLog.info(
      {
        requestId,
        method: request.method,
        path: route ?? loggedPath(path),
        status,
        ms: Math.round(ms * 10) / 10,
        ...(!response.writableFinished && { aborted: true }),
      },
      'answered',
    )
  })
}

/** A path that is no route may hold anything, a calendar's token too: only a plain first word is shown. */
export function loggedPath(path: string): string {
  const first = /^\/[a-z]{1,16}(?=\/|$)/.exec(path)?.[0]
  return first === path ? path : `${first ?? ''}/…`
}

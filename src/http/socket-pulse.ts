import type { WebSocket } from 'ws'

export interface SocketPulse {
  add(socket: WebSocket): void
  /** How much may wait in this process for one client to read. */
  readonly maxBufferedBytes: number
  stop(): void
}

export interface SocketPulseOptions {
  /** ms, monotonic or not */
  clock: () => number
  pingEveryMs?: number
  /** Without an answer to a ping, or without any byte taken of what waits. */
  deadAfterMs?: number
  maxBufferedBytes?: number
}

interface Pulse {
  nextPingAt: number
  /** 0: no ping is unanswered. */
  pingedAt: number
  buffered: number
  /** When the buffer last shrank or was empty. */
  movedAt: number
}

/**
 * Cuts off sockets whose other end is gone, or reads so slowly that we would remember for it. One timer for
 * all: an idle socket costs a comparison a second, and a ping every 30 s spread by when it connected.
 */
export function createSocketPulse(options: SocketPulseOptions): SocketPulse {
  const { clock, pingEveryMs = 30_000, deadAfterMs = 10_000 } = options
  const maxBufferedBytes = options.maxBufferedBytes ?? 1_048_576
  const pulses = new Map<WebSocket, Pulse>()

  function beat(socket: WebSocket, pulse: Pulse, now: number): void {
    const buffered = socket.bufferedAmount
    if (buffered === 0 || buffered < pulse.buffered) pulse.movedAt = now
    pulse.buffered = buffered
    const unanswered = pulse.pingedAt > 0 && now - pulse.pingedAt > deadAfterMs
    if (buffered > maxBufferedBytes || now - pulse.movedAt > deadAfterMs || unanswered) {
      // No closing handshake: whoever does not read would not read it either.
      socket.terminate()
    } else if (now >= pulse.nextPingAt && pulse.pingedAt === 0) {
      pulse.pingedAt = now
      pulse.nextPingAt = now + pingEveryMs
      socket.ping()
    }
  }

  const timer = setInterval(() => {
    const now = clock()
    for (const [socket, pulse] of pulses) beat(socket, pulse, now)
  }, 1_000)
  timer.unref()

  return {
    maxBufferedBytes,
    add(socket) {
      const now = clock()
      const pulse = { nextPingAt: now + pingEveryMs, pingedAt: 0, buffered: 0, movedAt: now }
      pulses.set(socket, pulse)
      socket.on('pong', () => {
        pulse.pingedAt = 0
      })
      socket.once('close', () => pulses.delete(socket))
    },
    stop: () => clearInterval(timer),
  }
}

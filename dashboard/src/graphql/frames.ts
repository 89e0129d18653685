/** Gathers values by name and hands them on once a frame: a name's latest wins. */
export interface Frames<V> {
  add(name: string, value: V): void
  stop(): void
}

export function createFrames<V>(draw: (latest: ReadonlyMap<string, V>) => void): Frames<V> {
  let waiting = new Map<string, V>()
  let frame: number | null = null

  function flush(): void {
    frame = null
    const latest = waiting
    waiting = new Map()
    draw(latest)
  }

  return {
    add(name, value) {
      waiting.set(name, value)
      frame ??= requestAnimationFrame(flush)
    },
    stop() {
      if (frame !== null) cancelAnimationFrame(frame)
    },
  }
}

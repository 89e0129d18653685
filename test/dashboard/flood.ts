import type { Page } from 'playwright-core'

export interface Flood {
  /**
   * Has the page receive so many further totals of its first key, each one unit more than the one before and in a
   * task of its own, as messages come, as fast as the page takes them. Ends when the last number stands.
   */
  run(updates: number): Promise<FloodSeen>
}

export interface FloodSeen {
  /** How often the number on the screen changed. */
  shown: number
  /** Frames of the screen meanwhile. */
  frames: number
  /** ms, the longest that a frame took. */
  longest: number
  /** ms, from the first message until the last number stood. */
  took: number
}

/**
 * Adds to what the page's WebSocket receives from the product; by way of the browser's remote control ten thousand
 * messages would take longer than what is measured. Before the page is opened.
 */
export async function openFlood(page: Page): Promise<Flood> {
  await page.addInitScript(tap)
  return {
    run: async (updates) => (await page.evaluate(`tapped.flood(${updates})`)) as FloodSeen,
  }
}

const tap = `{
  const Plain = WebSocket
  const tapped = (window.tapped = { socket: null, latest: null })
  window.WebSocket = class extends Plain {
    constructor(...args) {
      super(...args)
      tapped.socket = this
      this.addEventListener('message', ({ data }) => {
        if (data.includes('"liveUsage"')) tapped.latest = JSON.parse(data)
      })
    }
  }
  const { port1, port2 } = new MessageChannel()
  const turn = () => new Promise((resolve) => {
    port1.onmessage = resolve
    port2.postMessage(null)
  })
  tapped.flood = async (updates) => {
    const { socket, latest } = tapped
    const usage = latest.payload.data.liveUsage
    const from = usage.monthRequests
    const place = document.querySelector('main [role="group"]')
    const last = place.textContent.replace(from.toLocaleString(), (from + updates).toLocaleString())
    const began = performance.now()
    let shown = 0, frames = 0, longest = 0, lastFrame = began, changedAt = began
    const observer = new MutationObserver(() => { shown += 1; changedAt = performance.now() })
    observer.observe(place, { subtree: true, characterData: true, childList: true })
    const frame = (at) => {
      frames += 1
      longest = Math.max(longest, at - lastFrame)
      lastFrame = at
      if (frames > 0) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
    for (let one = 1; one <= updates; one++) {
      const liveUsage = { ...usage, monthRequests: from + one, dayRequests: usage.dayRequests + one }
      const data = JSON.stringify({ ...latest, payload: { data: { liveUsage } } })
      socket.dispatchEvent(new MessageEvent('message', { data }))
      await turn()
    }
    while (place.textContent !== last) await turn()
    observer.disconnect()
    const seen = { shown, frames, longest, took: changedAt - began }
    frames = Number.NEGATIVE_INFINITY
    return seen
  }
}`

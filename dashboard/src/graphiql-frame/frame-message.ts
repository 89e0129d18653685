/** What the page around the frame sends it: once it is ready, and whenever the headers have changed. */
export interface FrameMessage {
  headers: Readonly<Record<string, string>>
  /** What stands in the editor at first; later ones are passed over. */
  query: string
}

/** What the frame says when it listens. */
export const frameReady = 'getcomplical: the GraphiQL frame is ready'

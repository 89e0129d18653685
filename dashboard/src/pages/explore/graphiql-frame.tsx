import { useEffect, useRef } from 'react'
import { type FrameMessage, frameReady } from '../../graphiql-frame/frame-message.ts'
import type { Session } from '../../session/session.ts'

interface GraphiqlFrameProps {
  session: Session
  /** The key that pays. */
  apiKeyId: string
  /** In the editor at first. */
  query: string
}

/** GraphiQL, asking as the person who is signed in; it hears of each new token and each other key. */
export function GraphiqlFrame({ session, apiKeyId, query }: GraphiqlFrameProps) {
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(() => {
    let listening = false
    const tell = async () => {
      const token = await session.accessToken()
      const headers = { Authorization: `Bearer ${token}`, 'X-Api-Key-Id': apiKeyId }
      const message: FrameMessage = { headers, query }
      if (listening) frame.current?.contentWindow?.postMessage(message, location.origin)
    }
    const onMessage = ({ source, data }: MessageEvent) => {
      if (source !== frame.current?.contentWindow || data !== frameReady) return
      listening = true
      void tell()
    }
    window.addEventListener('message', onMessage)
    const stop = session.onRenewed(() => void tell())
    return () => {
      window.removeEventListener('message', onMessage)
      stop()
    }
  }, [session, apiKeyId, query])
  return (
    <iframe
      // Another key or example begins anew: the frame says once that it is ready.
      key={apiKeyId + query}
      ref={frame}
      src="/dashboard/graphiql.html"
      title="GraphiQL"
      style={{ border: 0, width: '100%', height: 'calc(100dvh - 220px)', minHeight: 420 }}
    />
  )
}

/** The messages of an answer of server-sent events, each as JSON, until the server ends it. */
export async function* sseData<Message>(response: Response): AsyncGenerator<Message> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const line = event.split('\n').find((one) => one.startsWith('data: {'))
      if (line !== undefined) yield JSON.parse(line.slice('data: '.length))
    }
  }
}

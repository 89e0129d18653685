import * as graphiql from '@graphql-yoga/render-graphiql/graphiql'
import type { Plugin } from 'vite'

const name = 'virtual:graphiql-files'
const resolved = `\0${name}`

/**
 * GraphiQL as files of our own origin: the very copy that the API's own page at /graphql has. It is bundled
 * already, with its editor and workers; the packages that it is made of are some 180 MB to install.
 */
export function graphiqlFiles(): Plugin {
  return {
    name: 'graphiql-files',
    resolveId: (id) => (id === name ? resolved : null),
    load(id) {
      if (id !== resolved) return null
      const emit = (file: string, source: string) =>
        `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: file, source })}`
      return `
        export const script = ${emit('graphiql.js', graphiql.js)}
        export const style = ${emit('graphiql.css', graphiql.css)}
        export const workers = {
          editorWorkerService: ${emit('graphiql-editor.worker.js', graphiql.editorWorkerService)},
          json: ${emit('graphiql-json.worker.js', graphiql.jsonWorker)},
          graphql: ${emit('graphiql-graphql.worker.js', graphiql.graphqlWorker)},
        }`
    },
  }
}

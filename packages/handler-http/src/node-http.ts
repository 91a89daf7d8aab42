/** `node:http`, taken without an import: that reads every export, and one of them makes Node load its own fetch, 40 ms. */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')

import { describeAdapter } from '../contract/adapter.js'
import { serveWith, VERSIONS } from './express-host.js'

for (const [name, express] of VERSIONS) describeAdapter(name, serveWith(express))

// `npm run compose:secrets`
import { fileURLToPath } from 'node:url';
import { writeSecrets } from '../dist/deploy/compose/secrets.js';

const folder = fileURLToPath(new URL('../deploy/compose/secrets', import.meta.url));
for (const path of writeSecrets(folder)) console.log(path);

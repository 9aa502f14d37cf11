/** The types of what travels over the API. Made from docs/openapi.json: `npm run generate`. */
export interface paths {
  '/v1/sandboxes': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List sandboxes, newest first */
    get: {
      parameters: {
        query?: {
          owner?: string;
          status?: 'pending' | 'creating' | 'running' | 'expired' | 'destroying' | 'destroyed';
          guild?: string;
          all?: 'true' | 'false';
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SandboxPage'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Create a sandbox */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
          /** @description `respond-async`: 202 as soon as the create has begun. */
          prefer?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CreateSandbox'];
        };
      };
      responses: {
        /** @description It runs. */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sandbox'];
          };
        };
        /** @description It is being created; Location names it. */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sandbox'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read a sandbox */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The sandbox. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sandbox'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /** Destroy a sandbox */
    delete: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Its removal has begun, or is done. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Destroyed'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/extend': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Move the expiry */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Extend'];
        };
      };
      responses: {
        /** @description The new expiry. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Extended'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/reset': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Empty its schema and keys, and rotate its credentials */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The sandbox. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sandbox'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/guilds/{guild}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /** Register a guild */
    put: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
          guild: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The sandbox. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sandbox'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    post?: never;
    /** Unregister a guild */
    delete: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
          guild: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The sandbox. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Sandbox'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/guilds/{guild}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read the holder of a guild */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          guild: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The holder. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['GuildHolder'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/health': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Ask every server about a sandbox */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Every check. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Health'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/connection': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read the environment of a sandbox's bot, with credentials */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The environment. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Connection'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read the audit, oldest first */
    get: {
      parameters: {
        query?: {
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AuditPage'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/sandboxes/{ref}/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Follow the events of a sandbox */
    get: {
      parameters: {
        query?: {
          since?: string;
          follow?: 'true' | 'false';
          order?: 'oldest' | 'newest';
        };
        header?: {
          /** @description Go on behind the event with this id. */
          'last-event-id'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Server-sent events, each a SandboxEvent. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': string;
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Publish events for a sandbox alone */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          /** @description The id or the name of a sandbox. */
          ref: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Emit'];
        };
      };
      responses: {
        /** @description Their sequences in RAW. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Emitted'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Follow the lifecycle of the visible sandboxes */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description Go on behind the event with this id. */
          'last-event-id'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Server-sent events, each an AuditEntry. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': string;
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List tokens, newest first */
    get: {
      parameters: {
        query?: {
          owner?: string;
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TokenPage'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Create a token; its text is shown once */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CreateToken'];
        };
      };
      responses: {
        /** @description The token. */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['CreatedToken'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tokens/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read a token */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The token, without its text. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Token'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /** Revoke a token and every token that it created */
    delete: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The token. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Token'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/grants': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List grants */
    get: {
      parameters: {
        query?: {
          owner?: string;
          guild?: string;
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['GrantPage'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Grant a guild to an owner */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CreateGrant'];
        };
      };
      responses: {
        /** @description The grant. */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Grant'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/grants/{guild}/{owner}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Revoke a grant, and remove the owner's routes of the guild */
    delete: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          guild: string;
          owner: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The grant that was. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Grant'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/owners/{owner}/role': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /** Set an owner's role */
    put: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          owner: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['SetRole'];
        };
      };
      responses: {
        /** @description The role. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OwnerRole'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/templates': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List templates by name */
    get: {
      parameters: {
        query?: {
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TemplatePage'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Make a template, or its next version */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['AddTemplate'];
        };
      };
      responses: {
        /** @description The template. */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Template'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/templates/{template}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read a template with its SQL */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          template: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The template. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TemplateText'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /** Remove a template; sandboxes that have it keep it */
    delete: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          template: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The template that was. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Template'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/templates/{template}/refresh': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Read the schema of a template again */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description The same key and body within 24 h: the same change, made once. */
          'idempotency-key'?: string;
        };
        path: {
          template: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The new version. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Template'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read the identity behind the token */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The identity. */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Me'];
          };
        };
        /** @description A problem (RFC 9457), with the code of docs/errors.md. */
        default: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Sandbox: {
      /** @example sb0123456789 */
      id: string;
      name: string;
      owner: string;
      /** @enum {string} */
      status: 'pending' | 'creating' | 'running' | 'expired' | 'destroying' | 'destroyed';
      schema: string;
      template: string;
      templateVersion: number | null;
      redisPrefix: string;
      natsPrefix: string;
      guildIds: string[];
      workflowId: string;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      createdAt: string;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      expiresAt: string;
      destroyedAt: string | null;
    };
    Problem: {
      type: string;
      title: string;
      status: number;
      detail: string;
      /** @example SANDBOX_004 */
      code: string;
      hint: string;
      details: {
        [key: string]: unknown;
      };
      requestId: string;
    };
    CreateSandbox: {
      name?: string;
      /** @example 24h */
      ttl?: string;
      guildIds?: string[];
      /** @example ada */
      owner?: string;
      /** @example shop */
      template?: string;
    };
    SandboxPage: {
      items: components['schemas']['Sandbox'][];
      nextCursor: string | null;
    };
    Destroyed: {
      sandbox: components['schemas']['Sandbox'];
      alreadyDestroyed: boolean;
    };
    Extended: {
      sandbox: components['schemas']['Sandbox'];
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      expiresAt: string;
      clamped: boolean;
    };
    Extend: {
      /** @example 24h */
      by: string;
      clamp?: boolean;
    };
    GuildHolder: {
      guildId: string;
      sandbox: components['schemas']['Sandbox'] | null;
    };
    Health: {
      sandbox: components['schemas']['Sandbox'];
      health: ('healthy' | 'degraded' | 'unhealthy') | null;
      checks: {
        name: string;
        /** @enum {string} */
        state: 'ok' | 'missing' | 'error';
        detail: string;
      }[];
      expiresInMs: number;
      lastEventAt: string | null;
      eventsWaiting: number | null;
      cleanupError: string | null;
    };
    Connection: {
      environment: {
        [key: string]: string;
      };
      identifiers: {
        [key: string]: string;
      };
      withoutCredentials: string | null;
    };
    AuditPage: {
      items: components['schemas']['AuditEntry'][];
      nextCursor: string | null;
    };
    AuditEntry: {
      id: number;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      time: string;
      sandboxId: string | null;
      /** @enum {string} */
      event:
        | 'sandbox_created'
        | 'status_changed'
        | 'create_failed'
        | 'ttl_extended'
        | 'sandbox_reset'
        | 'guild_registered'
        | 'guild_unregistered'
        | 'sandbox_destroying'
        | 'sandbox_destroyed'
        | 'credentials_read'
        | 'token_created'
        | 'token_revoked'
        | 'guild_granted'
        | 'guild_grant_revoked'
        | 'owner_role_set'
        | 'template_added'
        | 'template_removed';
      actor: string;
      /** @enum {string} */
      kind: 'person' | 'service' | 'sandbox' | 'system';
      /** @enum {string} */
      role: 'developer' | 'operator';
      tokenId: string | null;
      /** @enum {string} */
      via: 'api' | 'direct' | 'temporal' | 'system';
      details: {
        [key: string]: unknown;
      };
    };
    Emitted: {
      sequences: number[];
    };
    Emit: {
      events: {
        /** @enum {string} */
        family?: 'events' | 'commands';
        type: string;
        payload: string;
      }[];
    };
    CreatedToken: components['schemas']['Token'] & {
      token: string | null;
    };
    Token: {
      /** @example a1B2c3D4e5F6 */
      id: string;
      /** @enum {string} */
      kind: 'person' | 'service' | 'sandbox';
      owner: string;
      sandboxId: string | null;
      /** @enum {string} */
      role: 'developer' | 'operator';
      scopes: (
        | 'sandbox:read'
        | 'sandbox:write'
        | 'sandbox:connect'
        | 'guild:write'
        | 'event:read'
        | 'event:write'
        | 'discord:use'
        | 'template:write'
        | 'token:write'
        | 'webhook:write'
        | 'admin'
      )[];
      name: string | null;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      createdAt: string;
      createdBy: string;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      expiresAt: string;
      lastUsedAt: string | null;
      revokedAt: string | null;
    };
    CreateToken: {
      /** @enum {string} */
      kind?: 'person' | 'service' | 'sandbox';
      /** @example ada */
      owner?: string;
      /**
       * @description The id or the name of a sandbox.
       * @example my-fix
       */
      sandbox?: string;
      /** @enum {string} */
      role?: 'developer' | 'operator';
      scopes: (
        | 'sandbox:read'
        | 'sandbox:write'
        | 'sandbox:connect'
        | 'guild:write'
        | 'event:read'
        | 'event:write'
        | 'discord:use'
        | 'template:write'
        | 'token:write'
        | 'webhook:write'
        | 'admin'
      )[];
      name?: string;
      /** @example 24h */
      ttl?: string;
    };
    TokenPage: {
      items: components['schemas']['Token'][];
      nextCursor: string | null;
    };
    Grant: {
      guildId: string;
      owner: string;
      grantedBy: string;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      grantedAt: string;
      until: string | null;
    };
    CreateGrant: {
      /** @example 1000000000000000001 */
      guildId: string;
      /** @example ada */
      owner: string;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      until?: string;
    };
    GrantPage: {
      items: components['schemas']['Grant'][];
      nextCursor: string | null;
    };
    OwnerRole: {
      owner: string;
      /** @enum {string} */
      role: 'developer' | 'operator';
    };
    SetRole: {
      /** @enum {string} */
      role: 'developer' | 'operator';
    };
    Template: {
      name: string;
      version: number;
      source:
        | {
            /** @enum {string} */
            kind: 'built-in';
          }
        | {
            /** @enum {string} */
            kind: 'schema';
            schema: string;
          }
        | {
            /** @enum {string} */
            kind: 'sql';
            files: string[];
          };
      tables: number;
      statements: number;
      extensions: string[];
      notes: {
        kind: string;
        name: string;
        text: string;
      }[];
      createdBy: string;
      /**
       * Format: date-time
       * @example 2026-11-28T12:00:00.000Z
       */
      createdAt: string;
      sandboxes: number;
      createSeconds: number;
    };
    AddTemplate: {
      /** @example shop */
      name: string;
      schema?: string;
      files?: {
        name: string;
        sql: string;
      }[];
    };
    TemplatePage: {
      items: components['schemas']['Template'][];
      nextCursor: string | null;
    };
    TemplateText: components['schemas']['Template'] & {
      text: {
        phase: string;
        kind: string;
        name: string;
        sql: string;
      }[];
    };
    Me: {
      name: string;
      /** @enum {string} */
      kind: 'person' | 'service' | 'sandbox' | 'system';
      /** @enum {string} */
      role: 'developer' | 'operator';
      scopes: (
        | 'sandbox:read'
        | 'sandbox:write'
        | 'sandbox:connect'
        | 'guild:write'
        | 'event:read'
        | 'event:write'
        | 'discord:use'
        | 'template:write'
        | 'token:write'
        | 'webhook:write'
        | 'admin'
      )[];
      tokenId: string | null;
      sandboxId: string | null;
      expiresAt: string | null;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;

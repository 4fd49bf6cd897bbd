/*
 * ptbridge.h - the whole interface between a learning management system (the host) and ptbridge.so.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A host loads the library with dlopen, looks up the one exported function, ptb_entry, and gets a table of functions.
 * Compiles as C11 and as C++.
 *
 * Rules that hold for everything below
 *
 *  - Every struct starts with struct_size, set by whoever allocates it. Fields are only ever appended. The reader uses
 *    the smaller of both sizes and refuses a larger struct whose unknown bytes are not all zero: zero structs first.
 *  - Text is UTF-8, pointer and length, not terminated. {NULL, 0} is the empty text.
 *  - Whatever the host passes in is read before the call returns and never kept. Whatever the bridge passes to a
 *    callback is valid only until that callback returns. Nothing is allocated on one side and freed on the other.
 *  - A call returns one of the PTB_ status values. With a failure, the ptb_error that was passed (it may be NULL)
 *    holds one line that says what was wrong, where, and what to do.
 *  - Times are milliseconds since the Unix epoch; durations end in _ms and count from the call.
 *
 * Thread tags
 *
 *  - [any-thread] may be called from any thread at any time, also concurrently; not from inside a callback.
 *  - [pump] as [any-thread]; the calling thread does the bridge's work: callbacks come on it while the call lasts.
 *  - [callback] called by the bridge: on the thread that is in a [pump] call, or on the bridge's own thread if the host
 *    set PTB_ALLOW_BRIDGE_CALLBACKS. log, load_settings and the clocks also come on a thread that is in capture.
 *
 * A call from inside a callback, or in a child made by fork(), returns PTB_E_STATE and touches nothing.
 */
#ifndef PTBRIDGE_PTBRIDGE_H
#define PTBRIDGE_PTBRIDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PTB_ABI_MAJOR 1u
#define PTB_ABI_MINOR 2u

/* ---- status: what a call returns -------------------------------------------------------------------------------- */

#define PTB_OK 0
#define PTB_E_ARGUMENT 1  /* an argument is wrong; nothing was done */
#define PTB_E_ABI 2       /* host and plugin speak different major versions */
#define PTB_E_STATE 3     /* not allowed here: inside a callback, in a forked child, while closing */
#define PTB_E_STORE 4     /* the store could not read or write (disk full, I/O error); nothing was done */
#define PTB_E_LOCKED 5    /* another bridge has this store open */
#define PTB_E_NEWER 6     /* the store was written by a newer plugin; untouched */
#define PTB_E_DAMAGED 7   /* the store is damaged or is no ptbridge store; untouched */
#define PTB_E_HOST 8      /* a callback of the host failed; nothing was done */
#define PTB_E_NOT_FOUND 9 /* no such tool, event, lane or operation */
#define PTB_E_TIMEOUT 10  /* time ran out; the work goes on or waits, nothing is lost */
#define PTB_E_REFUSED 11  /* the tool or a rule said no: see the text */
#define PTB_E_INTERNAL 12 /* a fault of the plugin; this call failed, the bridge goes on */

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* UTF-8, not terminated. Never grows, so it may be embedded by value. */
typedef struct ptb_text {
  const char* bytes;
  size_t size;
} ptb_text;

/* A named value. Never grows, so arrays hold it by value. */
typedef struct ptb_pair {
  ptb_text name;
  ptb_text value;
} ptb_pair;

typedef struct ptb_error {
  uint32_t struct_size;
  int32_t status;
  char text[1000]; /* terminated, one line */
} ptb_error;

/* State of a tool, in the words of the wire. */
#define PTB_TOOL_AVAILABLE 1
#define PTB_TOOL_INACTIVE 2
#define PTB_TOOL_UNAVAILABLE 3

/* Scope of a tool setting. Where two scopes hold one key, the narrowest (highest number) is sent. */
#define PTB_SCOPE_SYSTEM 0
#define PTB_SCOPE_COURSE 1
#define PTB_SCOPE_CONTENT 2

#define PTB_LOG_DEBUG 0
#define PTB_LOG_INFO 1
#define PTB_LOG_WARNING 2
#define PTB_LOG_ERROR 3

/* ---- callbacks: what the host gives
 * ---------------------------------------------------------------------------------- */

/* Receives one text. Valid only during the callback that it was handed to. */
typedef void (*ptb_text_sink)(void* sink_context, ptb_text text);

/* Receives one tool setting: scope is PTB_SCOPE_*, key is [a-z0-9_]{1,200}. Valid as ptb_text_sink. Returns PTB_OK, or
 * PTB_E_ARGUMENT for a setting that cannot be sent (the capture will then fail and say which). */
typedef int32_t (*ptb_setting_sink)(void* sink_context, int32_t scope, ptb_text key, ptb_text value);

/* Whose settings capture wants: of the system always, of the course and of the item where these are not empty. */
typedef struct ptb_settings_request {
  uint32_t struct_size;
  ptb_text vendor;
  ptb_text program;
  ptb_text course_id;
  ptb_text content_id;
} ptb_settings_request;

/* What became of an event. */
typedef struct ptb_outcome {
  uint32_t struct_size;
  uint64_t operation; /* the operation whose walk brought it; 0 if none */
  ptb_text event_id;  /* 36 characters */
  ptb_text kind;
  ptb_text vendor;
  ptb_text program;
  ptb_text state;    /* pending, delivered, refused, parked, discarded */
  ptb_text deferral; /* while pending: why it waits; else empty */
  ptb_text text;     /* one line that an administrator can read */
} ptb_outcome;

/* How far a walk has come. */
typedef struct ptb_progress {
  uint32_t struct_size;
  uint64_t operation;
  ptb_text lane;
  ptb_text event_id; /* the event answered last; empty at the start */
  uint64_t done;     /* events of the batch answered so far */
  uint64_t total;    /* events in the batch */
} ptb_progress;

/* Too much waits for a tool, or for too long, by the limits of its policy; or that is over. Since 1.2. */
typedef struct ptb_watch {
  uint32_t struct_size;
  int32_t raised; /* 1: a limit was crossed; 0: nothing is beyond a limit any more */
  ptb_text vendor;
  ptb_text program;
  uint64_t waiting;     /* events that wait for the tool */
  int64_t oldest_at_ms; /* when the oldest of them was captured; 0: none */
  ptb_text text;        /* one line that an administrator can read */
} ptb_watch;

typedef struct ptb_host {
  uint32_t struct_size;
  void* context; /* handed back in every callback; owned by the host, must live until close has returned PTB_OK */

  /* [callback] May be NULL. */
  void (*log)(void* context, int32_t level, ptb_text text);

  /* [callback] Required. Hands every setting of the tool in the requested scopes to sink, now, on this thread. No
   * setting at all is fine. Anything but PTB_OK fails the whole capture. */
  int32_t (*load_settings)(void* context, const ptb_settings_request* request, ptb_setting_sink sink,
                           void* sink_context);

  /* [callback] Required to send. Hands the tool's secret to sink: for proxy-tool the shared
   * secret as it is; for standard-webhooks one or more keys between spaces, whsec_ (HMAC) or whsk_ (Ed25519), each of
   * which signs; for lti-notice the platform's RSA private key in PEM. Called when something is about to be sent; the
   * bridge never stores it and wipes its copy soon after (of RSA keys it keeps the last four, parsed, until close).
   * Anything but PTB_OK, or no text, suspends the lane. */
  int32_t (*load_secret)(void* context, ptb_text vendor, ptb_text program, ptb_text_sink sink, void* sink_context);

  /* [callback] May be NULL. */
  void (*outcome)(void* context, const ptb_outcome* outcome);

  /* [callback] May be NULL. At most about ten a second per walk, and always at the start and at the end. */
  void (*progress)(void* context, const ptb_progress* progress);

  /* [callback] May be NULL: then the system's clocks are read. Milliseconds since the epoch, and milliseconds that
   * never go back. Give both or neither. */
  int64_t (*wall_clock_ms)(void* context);
  int64_t (*monotonic_clock_ms)(void* context);

  /* [callback] May be NULL. Since 1.2. Once when a watch limit of a tool's policy is crossed, and once when it is over.
   */
  void (*watch)(void* context, const ptb_watch* watch);
} ptb_host;

/* ---- arguments of calls
 * ---------------------------------------------------------------------------------------------- */

/* The host lets the bridge have one thread of its own, which does all sending; callbacks come from there. */
#define PTB_ALLOW_BRIDGE_CALLBACKS 1u
/* For a short-lived process: capture and report only. No migration, no walk, nothing is sent. */
#define PTB_CAPTURE_ONLY 2u

typedef struct ptb_open_options {
  uint32_t struct_size;
  uint32_t flags;               /* PTB_ALLOW_BRIDGE_CALLBACKS, PTB_CAPTURE_ONLY */
  const ptb_host* host;         /* required; copied */
  ptb_text store;               /* required: sqlite:PATH or postgresql://… */
  ptb_text tcbaseurl;           /* required: scheme://host:port of the LMS, the port written */
  ptb_text locale;              /* empty: en_US */
  ptb_text direction;           /* ltr or rtl; empty: ltr */
  ptb_text generation;          /* names this life of the LMS's own data; part of every event id */
  uint64_t high_water;          /* a number that only rises within one generation; 0: not used */
  uint32_t exchange_timeout_ms; /* for one whole exchange with a tool; 0: 120000; at least 1000 */
  uint32_t connect_timeout_ms;  /* 0: 10000 */
  uint32_t contact_interval_ms; /* shortest time from a failed walk to the next that a contact starts; 0: 5000 */
  uint32_t max_exchanges;       /* exchanges at once, over all lanes; 0: 64 */
  ptb_text lti_issuer;          /* since 1.1: issuer of LTI messages; empty: tcbaseurl */
} ptb_open_options;

/* Something happened in the LMS and a tool must hear of it. */
typedef struct ptb_event {
  uint32_t struct_size;
  uint32_t ordinal;   /* tells apart events of one operation that are alike in all else; else 0 */
  ptb_text operation; /* the host's own id of the operation, so that a repeated capture is recognised; empty: every
                         capture is new */
  ptb_text vendor;    /* the tool's locator: vendor code and program code, each 1 to 200 characters, no '/' */
  ptb_text program;
  ptb_text kind;             /* course-copied, course-imported, content-deleted, ... (proxy-tool protocol) */
  ptb_text course_id;        /* whose settings are taken along; empty: none */
  ptb_text content_id;       /* likewise */
  const ptb_pair* arguments; /* the action's arguments, at most 64, at most 256 KiB in all */
  size_t argument_count;
  const ptb_pair*
      context; /* what else is frozen with the event: returnurl, course_label, course_title, content_handle (whose
                  content handler the item's events go to), user_id (never sent, only for forgetting a person) */
  size_t context_count;
  int64_t occurred_at_ms; /* 0: now */
  int64_t not_before_ms;  /* since 1.2: it goes out no earlier; 0: at once */
} ptb_event;

#define PTB_NEW 1       /* stored; it will be delivered, now or later */
#define PTB_DUPLICATE 2 /* this event was captured before; nothing was stored */
#define PTB_IGNORED 3   /* nothing to send, see reason; nothing was stored */

typedef struct ptb_capture_result {
  uint32_t struct_size;
  int32_t answer;    /* PTB_NEW, PTB_DUPLICATE, PTB_IGNORED */
  char event_id[40]; /* terminated; empty where ignored */
  char reason[40];   /* terminated; new: the deferral; ignored: tool_not_installed, tool_not_available, no_handler,
                        wire_cannot_say; what never waits also lane_held, lane_suspended, lane_waits_for_save */
  uint64_t sequence; /* place in the lane, from 1; 0 where ignored */
} ptb_capture_result;

#define PTB_TOOL_STRICT 1u          /* send none of the bridge's own parameters */
#define PTB_TOOL_ALLOW_HTTP 2u      /* plain http is allowed */
#define PTB_TOOL_ALLOW_PRIVATE 4u   /* loopback and private addresses are allowed */
#define PTB_TOOL_ALLOW_DOWNGRADE 8u /* fall back from https to http when the TLS handshake fails */

typedef struct ptb_tool {
  uint32_t struct_size;
  uint32_t flags;      /* PTB_TOOL_* */
  int32_t state;       /* the state that registration gave it, PTB_TOOL_AVAILABLE ... */
  uint32_t timeout_ms; /* for one exchange; 0: the bridge's */
  ptb_text vendor;
  ptb_text program;
  ptb_text guid;       /* ourguid: 32 lower-case hex digits */
  ptb_text descriptor; /* the registration document, XML */
  ptb_text wire;       /* proxy-tool, standard-webhooks, lti-notice; empty: proxy-tool */
  ptb_text ca_file;    /* PEM; empty: the system's */
  /* since 1.1 */
  ptb_text allow_cidrs;       /* private ranges that are allowed, between spaces: 10.1.0.0/16 fd00::/8 */
  ptb_text client_cert_file;  /* PEM, for mutual TLS; both or neither */
  ptb_text client_key_file;   /* PEM, without a passphrase */
  ptb_text endpoint;          /* standard-webhooks, lti-notice: the one address, instead of base URL and path */
  ptb_text lti_client_id;     /* lti-notice: the audience */
  ptb_text lti_deployment_id; /* lti-notice */
  uint32_t max_batch; /* standard-webhooks, lti-notice: events a request that the tool takes; 0: 1; at most 1000 */
  uint32_t reserved;
  /* since 1.2 */
  ptb_text policy; /* name of a preset, or a policy document, XML (docs/policies.md); empty: the one in force stays, at
                      first blackboard */
} ptb_tool;

/* A value that delayed events wait for: a tool setting that has been set, or the tool's own id of an item. Since 1.2.
 */
typedef struct ptb_value {
  uint32_t struct_size;
  int32_t scope; /* of a setting: PTB_SCOPE_*; of an item: PTB_SCOPE_CONTENT */
  ptb_text vendor;
  ptb_text program;
  ptb_text id;    /* of the course or the item; empty at PTB_SCOPE_SYSTEM */
  ptb_text key;   /* of the setting; empty: value is the tool's own id of the item */
  ptb_text value; /* not empty */
} ptb_value;

/* What an operation has come to: see wait. */
typedef struct ptb_operation_result {
  uint32_t struct_size;
  int32_t status;        /* PTB_OK; PTB_E_REFUSED: the operation was refused or a walk stopped, see text */
  uint64_t sent;         /* exchanges made for events */
  uint64_t acknowledged; /* of them: the tool said SUCCESS */
  uint64_t refused;      /* the tool said ERROR */
  uint64_t failed;       /* could not be talked to */
  uint64_t discarded;    /* not sent since the tool has no handler any more */
  uint64_t left;         /* events still waiting in the lanes concerned */
  uint64_t repeated;     /* of sent: had been acknowledged in an earlier walk that stopped */
  uint64_t duration_ms;
  char stopped_by[40]; /* event id, terminated; empty: no walk was stopped */
  int32_t tool_state;  /* of a save: the state that the tool has now, which the host stores; else 0 */
  uint32_t reserved;
  char text[1000]; /* one line, terminated; empty: nothing to say */
} ptb_operation_result;

typedef struct ptb_bridge ptb_bridge;

/* ---- the table
 * --------------------------------------------------------------------------------------------------------- */

typedef struct ptb_api {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;

  /* [any-thread] Opens the store, migrating it if needed, and with PTB_ALLOW_BRIDGE_CALLBACKS starts the bridge's
   * thread. *bridge belongs to the host until close. First attempts that a crash cut off go out as soon as the bridge
   * is pumped. */
  int32_t (*open)(const ptb_open_options* options, ptb_bridge** bridge, ptb_error* error);

  /* [pump] Ends exchanges and threads within timeout_ms and frees the bridge. PTB_E_TIMEOUT: another thread is still
   * inside a call; the bridge refuses new calls and close must be called again. NULL is fine. */
  int32_t (*close)(ptb_bridge* bridge, uint32_t timeout_ms, ptb_error* error);

  /* [any-thread] Takes count events (1 to 100000), all or none, as one commit. With PTB_OK they are on stable storage,
   * and results[i], allocated by the host, says what became of events[i]. *operation (may be NULL) can be given to
   * wait: it ends when all of them have been answered or deferred. Nothing is sent in this call. */
  int32_t (*capture)(ptb_bridge* bridge, const ptb_event* const* events, size_t count,
                     ptb_capture_result* const* results, uint64_t* operation, ptb_error* error);

  /* [any-thread] The tool has been registered, or its description or options have changed. Starts no walk. A tool known
   * already keeps its state unless state is given (0: keep). */
  int32_t (*tool_installed)(ptb_bridge* bridge, const ptb_tool* tool, ptb_error* error);

  /* [any-thread] An administrator has saved the tool in this state. Sends state-change; where that succeeds and the
   * state is available, all waiting events follow, oldest first. The result comes through wait; the host stores the
   * state that ptb_operation_result.tool_state names, and nothing before. A save of a state that is just being saved
   * joins it. */
  int32_t (*tool_saved)(ptb_bridge* bridge, ptb_text vendor, ptb_text program, int32_t state, uint64_t* operation,
                        ptb_error* error);

  /* [any-thread] The tool is gone: it is sent `remove`, whose failure is only told. What waits for it falls back to its
   * locator and waits for it to be installed again. The secret is asked for once more; wait with operation 0 ends after
   * that. */
  int32_t (*tool_removed)(ptb_bridge* bridge, ptb_text vendor, ptb_text program, ptb_error* error);

  /* [any-thread] Something else has talked, or is about to talk, to the tool: a walk is due. */
  int32_t (*tool_contacted)(ptb_bridge* bridge, ptb_text vendor, ptb_text program, uint64_t* operation,
                            ptb_error* error);

  /* [pump] Does what is due, for at most timeout_ms; returns at once when nothing is. *next_ms (may be NULL) says in
   * how many milliseconds something will be due: 0 now, UINT32_MAX nothing is planned. With a bridge thread: does
   * nothing. */
  int32_t (*run_once)(ptb_bridge* bridge, uint32_t timeout_ms, uint32_t* next_ms, ptb_error* error);

  /* [pump] Waits, pumping, until the operation has ended, for at most timeout_ms: PTB_E_TIMEOUT where it goes on. An
   * operation may be waited for until one call has answered PTB_OK. result->status says how the operation went.
   * Operation 0 waits until nothing is being sent and nothing is due to be sent now: for a process that ends soon,
   * which would else cut off walks that open or another call has begun. */
  int32_t (*wait)(ptb_bridge* bridge, uint64_t operation, uint32_t timeout_ms, ptb_operation_result* result,
                  ptb_error* error);

  /* [any-thread] Answers a question, JSON in and JSON out; changes nothing. See docs/abi.md for the questions. */
  int32_t (*report)(ptb_bridge* bridge, ptb_text question, ptb_text_sink sink, void* sink_context, ptb_error* error);

  /* [any-thread] Carries out what a person ordered, JSON in and JSON out. *operation (may be NULL) is 0 where the order
   * is done when the call returns. See docs/abi.md for the orders. */
  int32_t (*administer)(ptb_bridge* bridge, ptb_text order, ptb_text_sink sink, void* sink_context, uint64_t* operation,
                        ptb_error* error);

  /* [any-thread] Since 1.2. A value has become known: what was delayed until then goes on. */
  int32_t (*value_known)(ptb_bridge* bridge, const ptb_value* value, ptb_error* error);
} ptb_api;

/* The one exported function. Gives the table, which is valid until dlclose, or NULL where abi_major is not the
 * plugin's: then error says both numbers. [any-thread] */
#if defined(__GNUC__)
#define PTB_EXPORT __attribute__((visibility("default")))
#else
#define PTB_EXPORT
#endif
PTB_EXPORT const ptb_api* ptb_entry(uint32_t abi_major, ptb_error* error);
typedef const ptb_api* (*ptb_entry_function)(uint32_t abi_major, ptb_error* error);

#ifdef __cplusplus
}
#endif
#endif

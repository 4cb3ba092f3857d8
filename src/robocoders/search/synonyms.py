"""What code may call what a question calls by another word: general programming English, no project's own words.

Two tables. In a *circle* each word may stand for each other one. An *arrow* leads from what people say to what code
says, one way: a question about a "picture" means an image, one about an image seldom says picture.
"""

from __future__ import annotations

from robocoders.search.stemming import stem

__all__ = ["ALTERNATIVES", "PHRASES"]

_CIRCLES = (
    (
        0.9,
        # One word and its short form, or two forms of one word that share no stem.
        """
        config configuration cfg conf settings; error err; exception exc; directory dir; database db;
        environment env environ; argument arg; parameter param; message msg; request req; response resp;
        connection conn; authentication auth; authorization auth; initialize init; password passwd pwd;
        temporary temp tmp; command cmd; context ctx; document doc; synchronous sync; asynchronous async;
        execute exec; attribute attr; identifier id; identity id; statistics stats stat; certificate cert;
        function func fn callable; reference ref; length len; maximum max; minimum min; average avg mean; number num;
        memory mem; process proc; source src; destination dest dst; previous prev; buffer buf; character char;
        string str; integer int; boolean bool; pointer ptr; index idx; position pos; dictionary dict; utility util;
        information info; specification spec; description desc; expression expr; operator op; operation op; value val;
        variable var; address addr; library lib; package pkg; application app; implementation impl; iterator iter;
        generator gen; regex regexp; separator sep delimiter; language lang; administrator admin; repository repo;
        image img; picture image; callback cb; register registry; registration register; version ver; permission perm;
        group grp; calculate calc compute; column col; coordinate coord; expiry expire; failure fail; choice choose;
        removal remove; retrieval retrieve; resolution resolve; recognize recognition; width wide; height high;
        depth deep; length long; signature sign; listener listen; cookies cookie; analysis analyze
        """,
    ),
    (
        0.65,
        # Different words for the same deed or thing.
        """
        write save store dump persist; read load fetch; delete remove drop purge unlink discard evict erase;
        create make new build construct generate; check validate verify ensure assert; compare equal diff match;
        send post emit publish transmit dispatch; start begin launch boot spawn;
        stop shutdown close end terminate kill quit; cancel abort; parse decode deserialize read;
        serialize encode dump marshal pack; unpack decode decompress extract unmarshal;
        print render display show format output; draw paint plot render; compute calculate count measure estimate;
        convert transform cast coerce translate; wait sleep delay block pause poll;
        retry backoff attempt again repeat; login signin authenticate auth credential;
        limit maximum cap threshold quota; find lookup search locate query; choose select pick prefer;
        combine join merge concat; split divide partition chunk separate; redirect follow location;
        compress gzip deflate zip; decompress inflate gunzip; expire ttl stale age timeout;
        remember cache memo store memoize; reuse pool keepalive recycle; parallel concurrent thread worker;
        thread worker; lock mutex acquire; queue enqueue; subscribe listen observe watch; event signal;
        notify signal emit trigger; hook callback handler listener middleware interceptor; plugin extension addon;
        register add attach; unregister detach remove; order sort rank; rank score; filter exclude ignore skip;
        clean cleanup teardown dispose finalize; reset clear flush; copy clone duplicate; move rename relocate;
        update refresh modify change mutate edit; change diff delta; override replace; replace substitute swap;
        prevent forbid deny reject disallow block; refuse reject deny forbid; allow permit accept;
        permission access privilege role; rights permission mode; error exception failure fault; crash abort panic;
        warn warning deprecate; log logger logging record; option settings config flag preference; flag switch;
        settings config; hash digest checksum; checksum crc digest; encrypt cipher crypt; key secret; secure safe;
        quote escape; escape sanitize; user account; folder directory; path location; url uri link address;
        host server; hostname host domain; domain host; server daemon; client agent; endpoint route url;
        route router dispatch rule; header field; body payload content data; form multipart; upload multipart;
        file document; document page; template view; language locale; translate locale i18n; date time;
        timestamp time; schedule cron timer periodic interval; clock time; unique uuid id; random seed; text string;
        word token; token lexer tokenize; syntax grammar parser; compile compiler; line row; row record; record entry;
        item element entry; element node tag; node vertex; edge arc; tree hierarchy; graph network; circle cycle loop;
        network net socket; socket connection; open connect; connect connection; disconnect close; proxy tunnel;
        stream chunk; chunk block segment part; piece chunk part fragment; range slice interval; group cluster batch;
        batch bulk; size length; size dimension; wrap fold; align justify; indent nest; nested recursive;
        recursive recurse descend; parent ancestor; child descendant; inherit parent base; default fallback;
        optional nullable; required mandatory; type kind; name label title; alias shortcut; scope namespace;
        isolate sandbox encapsulate; test check; mock stub fake; fake virtual mock; debug trace inspect;
        trace traceback stack; profile benchmark; progress progressbar; terminal console tty; terminal ansi;
        prompt input ask; keyboard key; screen display; window frame; color palette; style theme; font glyph;
        image bitmap picture photo; pixel raster; scale resize resample; rotate transpose orientation; crop trim;
        trim strip truncate; truncate shorten cut; transparent alpha; blur smooth; approximate estimate heuristic;
        optimize improve tune; shortest path; cheap minimum cost; weight cost; priority heap; transaction commit;
        rollback revert undo; migrate upgrade; migration upgrade; schema model; table relation;
        relation relationship association; constraint rule; query select statement; join merge; insert add;
        append push add; pop shift; lazy defer; eager preload; load import; import include require; export publish;
        install setup; setup configure initialize init; bind attach link; link connect; negotiate agree;
        handshake negotiate; challenge nonce digest; alive ping heartbeat keepalive; heartbeat ping keepalive;
        dead stale; detect guess infer recognize; guess detect estimate; suggest similar propose;
        similar close near distance; typo similar spelling; status state; state status; restart reload respawn;
        supervise monitor watch; monitor watch inspect; usage percent utilization; cpu processor core;
        memory ram swap; disk storage; disk partition mount; battery power; process pid; task job;
        result return outcome; broker queue transport; consumer worker receiver; producer publisher sender;
        throttle rate; rate frequency; acknowledge ack confirm; revoke cancel; chain pipeline; pipeline chain;
        distribute spread shard; shard partition; shutdown stop graceful; interrupt signal sigint; fork spawn;
        daemon background detach; background thread daemon
        """,
    ),
)

_ARROWS = (
    0.65,
    """
    picture: image; photograph: image; colour: color; site: origin domain; forgery: csrf xsrf;
    browser: useragent client; internet: network http; webpage: page html; answer: response reply result return;
    reply: response; outgoing: send write; incoming: receive recv read accept; receive: recv read;
    arrive: receive recv emit; deliver: send dispatch; hand: dispatch pass acquire; leave: send exit;
    late: delay replay; wrong: invalid error mismatch; bad: invalid error; broken: invalid corrupt error;
    damaged: corrupt invalid; missing: absent notfound; unknown: missing notfound default; malformed: invalid error;
    dangerous: unsafe; attack: secure protect; bomb: limit; protect: secure guard; hide: mask secret;
    hidden: mask private; readable: format human; human: natural format; pretty: format; big: large size max;
    large: size max limit; huge: large size max; small: min size; narrow: shrink collapse width; fast: speed optimize;
    slow: throttle delay; speed: rate; quick: fast; remaining: left eta; elapsed: time duration;
    finish: complete end done; complete: finish done; finished: complete done; ready: prepare available;
    idle: keepalive unused available; unused: idle; free: release deallocate; allocate: malloc new;
    recycle: pool arena reuse; give: return acquire; lend: acquire checkout; borrow: acquire checkout; throw: raise;
    raised: throw error; happen: event; react: handle; notice: detect track flag; track: monitor record;
    count: counter increment; increase: increment raise grow; decrease: decrement reduce; reduce: shrink decrease;
    grow: expand increase; shrink: reduce collapse; turned: convert; become: convert; express: convert;
    understand: parse; understood: parse; interpret: parse evaluate; figure: determine detect; agree: negotiate;
    belong: owner; owner: user uid; secret: key password token; credential: auth password token netrc;
    letter: char character case; sentence: text; paragraph: text; uppercase: upper; lowercase: lower;
    capital: upper case; punctuation: char; bracket: delimiter; dash: hyphen flag option; smile: emoji;
    emoticon: emoji; typing: type input; click: event; mouse: event pointer; draw: render plot; rasterize: draw;
    rasterise: draw; paint: draw; shape: polygon; area: region fill; fill: flood; camera: exif;
    shrunk: resize thumbnail; thumbnail: resize; zoom: scale resize; animated: frame animation; frame: sequence;
    compressed: compress encoder; archive: zip tar; spreadsheet: csv excel; mail: email smtp; email: mail smtp;
    machine: host system; computer: host system; operating: os platform; platform: os system; windows: win32 nt;
    mac: darwin osx macos; hardware: device; kernel: sys; temperature: sensor; fan: sensor;
    program: process executable; executable: exe binary; subprocess: popen child process; shell: command;
    variable: environ env; child: subprocess fork; zombie: dead reap; permission: chmod mode; loop: event;
    simultaneous: concurrent; once: single; duplicate: unique; twice: duplicate; distinct: unique;
    serialize: write encode; wire: protocol packet; packet: message frame; chat: message; conversation: session;
    session: cookie; visitor: client user; visited: history seen; behind: proxy forward; gateway: proxy wsgi;
    forwarded: proxy; real: remote; cross: origin; mobile: device; guard: check; promise: future deferred;
    future: promise; deferred: lazy promise; coroutine: async await; greenlet: coroutine; eventloop: loop;
    nonblocking: async; blocking: block sync; pause: suspend; resume: continue; stopped: halt;
    forward: delegate relay proxy; delegate: proxy forward; wrapper: proxy decorator; decorate: decorator wrap;
    annotate: decorator mark; mark: flag; marker: flag; summary: report stats; report: log print;
    complain: error warn; explain: help describe; help: usage; usage: help; manual: help doc; typed: input argument;
    spelled: spelling; misspelled: similar typo; opposite: inverse negate; negate: not invert;
    reverse: invert backward; undo: rollback revert; history: log; position: offset order index; offset: position;
    dependency: depend topological; depend: dependency topological; order: topological priority; sequence: order list;
    neighbour: adjacent neighbor; adjacent: neighbor; attraction: force spring; force: spring; crossing: planar;
    importance: rank centrality; popular: rank; community: cluster partition; similarity: distance score;
    closest: nearest min; nearest: closest; mathematical: math; formula: expression equation; fraction: ratio decimal;
    ratio: percent; statistics: mean variance; currency: money; calendar: date; weekday: date; midnight: time date;
    clock: time monotonic; daylight: timezone tz; timezone: tz utc; recurring: periodic schedule;
    regularly: periodic interval; periodically: periodic interval timer; later: delay eta countdown schedule;
    due: schedule; postpone: delay retry; immediately: now eager; automatic: auto; automatically: auto;
    manually: manual; implicit: auto default; nesting: depth nested; flatten: unnest; hand: pass; pass: forward;
    vote: poll; exclusive: conflict mutex; clash: conflict; conflict: collision; collision: conflict;
    ambiguous: conflict; mixture: merge; accumulate: reduce sum; total: sum; several: multiple multi;
    many: multiple bulk; multiple: multi; extra: additional; convention: naming; criterion: filter where condition;
    criteria: filter where condition; condition: predicate if; predicate: filter; wildcard: glob pattern;
    pattern: regex glob match; translate: convert; foreign: fk; synchronize: sync; kept: sync; tidy: clean;
    garbage: gc collect; leak: memory gc; cleanup: close; leftover: cleanup; proof: verify; trust: verify certificate;
    certificate: ssl tls; tls: ssl; https: ssl tls; encryption: cipher ssl; fingerprint: hash; passphrase: password
    """,
)

_PHRASES = """
    look up: lookup resolve; looked up: lookup resolve; shut down: shutdown; log in: login; logs in: login;
    logged in: login; sign in: login; log out: logout; time out: timeout; times out: timeout; run out: expire;
    runs out: expire; set up: setup; clean up: cleanup; cleaned up: cleanup; give up: retry limit;
    gives up: retry limit; back off: backoff; put together: merge join; cut off: limit truncate;
    hand out: acquire checkout; handed out: acquire checkout; handed over: dispatch pass; thrown away: discard remove;
    throw away: discard remove; turned into: convert; turn into: convert; kept up to date: update sync;
    up to date: update sync; in place: mutable inplace; read only: readonly; left over: remaining;
    find out: detect determine; work out: compute determine; works out: compute determine;
    worked out: compute determine; figure out: detect determine; made up: generate; turned off: disable;
    turn off: disable; switched off: disable nodelay; switch off: disable; turned on: enable; turn on: enable;
    switched on: enable; changes its mind: cancel; in order: sort; one after another: chain sequence series;
    one after the other: iterate next; at the same time: concurrent parallel; at once: concurrent batch;
    side by side: parallel; upper and lower case: casefold lower insensitive; case insensitive: casefold lower;
    not found: notfound missing; on top of: overlay composite; broken into: split wrap; broken up: split;
    cut into: split chunk; split up: split; taken apart: parse split; picked up: receive discover;
    carried out: execute run; carry out: execute run; event loop: loop; key exchange: kex; white space: whitespace;
    command line: cli argv argument; operating system: os platform; web page: html page; user name: username;
    file name: filename; host name: hostname; host names: hostname; time zone: timezone; data base: database;
    call back: callback; start up: startup; starts up: startup; starting up: startup; built in: builtin;
    life time: lifetime expire; life span: lifetime expire; process id: pid; exit code: returncode status;
    return code: returncode; environment variable: environ env; environment variables: environ env;
    unknown routes: notfound 404; headers only: head; browser s: useragent
"""


def _alternatives() -> dict[str, tuple[tuple[str, float], ...]]:
    found: dict[str, dict[str, float]] = {}

    def stands_for(one: str, other: str, factor: float) -> None:
        if other != one:
            known = found.setdefault(one, {})
            known[other] = max(known.get(other, 0.0), factor)

    for factor, table in _CIRCLES:
        for line in table.split(";"):
            stems = [stem(word) for word in line.split()]
            for one in stems:
                for other in stems:
                    stands_for(one, other, factor)
    factor, table = _ARROWS
    for line in table.split(";"):
        said, _, meant = line.partition(":")
        for word in meant.split():
            stands_for(stem(said.strip()), stem(word), factor)
    return {one: tuple(others.items()) for one, others in found.items()}


def _phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    lines = (line.partition(":") for line in _PHRASES.split(";"))
    return {tuple(said.split()): tuple(stem(word) for word in meant.split()) for said, _, meant in lines}


ALTERNATIVES = _alternatives()
"""Stems that may stand for a stem in code, each with a factor below 1."""

PHRASES = _phrases()
"""Several words that mean one thing, and the stems that code uses for it."""

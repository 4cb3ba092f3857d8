"""Real shapes of each language that is parsed, and what they define and call."""

from __future__ import annotations

__all__ = ["CALLS", "DEFINITIONS", "SOURCES"]

SOURCES = {
    "Python": '''
# The limit of things.
LIMIT = 3
"""Attribute doc."""
A, B = 1, 2

@cache
@app.route("/x")
class Cache(Base):
    """Holds
    things.

    More.
    """
    MAX = 3
    y = 4
    def get(self):
        # Why
        def inner(): return foo(a.bar(1))
        x = 1


async def load(url):
    # Comes first.
    @retry(times=2)
    async def once():
        "Tries once."
        await fetch(url)


@overload
def pick(a: int) -> int: ...
def pick(a): return choose(a)
type Pair = tuple[int, int]
if True:
    def conditional():
        pass
''',
    "JavaScript": """import a from "a";
/** The app. */
var app = exports = module.exports = {};
app.init = function init() { this.run(); };
Foo.prototype.bar = function () {};
exports.send = async (x) => x;
class A extends React.Component { #secret() {} static make() {} state = {}; onClick = () => {}; }
function* gen() {}
export default function Main() { return <Panel><b/><Widget.Thing/><Other /></Panel>; }
const api = { get() { fetch("x"); }, post: function () {}, put: (x) => x };
let { x, y } = a;
(function () { function hidden() {} })();
const K = class {};
""",
    "TypeScript": """/**
 * Loads things.
 *
 * @param id which
 */
@Injectable()
export class Store<T> extends Base {
  static readonly MAX = 3;
  private items = new Map<string, T>();
  constructor(private api: Api) { super(); }
  async load(id: string): Promise<T> { return this.items.get(id)!; }
  handler = async (event: Event) => { notify(event); };
  get size() { return 1; }
}
export interface Shape { area(): number; name: string }
export type Id = string | number;
enum Color { Red, Green = "g" }
namespace Geometry { export function area(x: number): number { return x; } }
// One of two.
function pick(a: string): string;
function pick(a: number): number;
function pick(a: any) { return choose(a); }
export const fetchAll = async (url: string) => new Request(url);
const LIMIT = 3, OTHER = { nested() { return run(); } };
abstract class Animal { abstract speak(): void; }
declare module "x" { const y: number; }
const fs = require("fs");
""",
    "Go": """package main

// Server serves.
type Server[T any] struct {
	name string
}

type Handler interface {
	// Serve answers.
	Serve(port int) error
}
type Id = string
type Code int

// Serve begins.
// It blocks.
//
// More.
func (s *Server[T]) Serve(port int) error {
	local := func() { go s.close() }
	const inner = 1
	return fmt.Errorf("x")
}
func (c Code) String() string { return Server[int]{}.name }
const (
	// A is first.
	A = iota
	B
)
var Version, Build = "1", newThing()
func main() {}
""",
    "Rust": """//! Crate.
/// A pool.
#[derive(Debug)]
pub struct Pool<T> { size: T }
pub enum Shape { Circle(f64), Square { side: f64 } }
pub trait Draw { fn draw(&self); fn twice(&self) { self.draw(); } }
impl<T: Clone> Draw for Pool<T> {
    /// Draws it.
    #[inline]
    fn draw(&self) { render::<T>(Pool { size: 1 }); inner::helper(); }
}
impl Pool<u8> { pub async fn new() -> Self { todo!() } }
macro_rules! square { ($x:expr) => { $x * $x }; }
pub(crate) const MAX: usize = 3;
static NAME: &str = "x";
type Pair = (u8, u8);
mod inner { pub fn helper() {} }
union Bits { a: u32 }
fn main() { let x = square!(2); let f = |y| y; }
""",
    "Java": """package a;
/** Greets people. Politely. */
@Service
public class Greeter<T> extends Base {
    private static final int LIMIT = 3;
    private int count = 0;
    public Greeter(String name) { super(name); }
    /**
     * Says hello.
     * @param name whom
     */
    @Override
    public <R> List<R> greet(String name) throws IOException {
        Runnable r = new Runnable() { public void run() { stop(); } };
        return make(name).stream().map(this::x).toList();
    }
    static class Inner { void deep() {} }
    record Point(int x, int y) { Point { check(x); } }
    enum Level { LOW(1), HIGH(2); Level(int n) {} }
    interface Shape { double area(); int SIDES = 4; }
    @interface Marker { String value(); }
}
""",
    "C": """/* The limit. */
#define LIMIT 3
#define MIN(a, b) ((a) < (b) ? (a) : (b))
typedef struct point { int x; } point_t;
typedef struct { int y; } anon;
typedef int (*handler)(int);
enum color { RED, GREEN };
union bits { int a; };
static const char *names[] = { "a" };
static int (*callback)(int) = 0;
int counter;
int proto(int);

/* Runs it.
   Twice. */
static int
run(int argc, char **argv)
{
    int (*local)(void) = 0;
    return point->next(MIN(argc, 1));
}
char *name_of(void) { return 0; }
void (*signal(int sig, void (*func)(int)))(int) { return func; }
#ifdef X
int guarded(void) { return helper(); }
#endif
""",
    "C++": """namespace a { namespace b {
// Holds things.
template <typename T>
class Pool : public Base {
public:
    Pool() : x(1) {}
    ~Pool() {}
    bool operator==(const Pool& o) const { return true; }
    operator bool() const { return true; }
    T* get() { return new Node<T>(); }
    static constexpr int MAX = 3;
    void later();
private:
    int x = 4;
};
template <> struct hash<int> { int v; };
enum class Level { Low };
} }
void a::b::Pool::drain(int count) { std::sort(count); obj->run<int>(); }
std::string& Tea::name() { return n; }
Tea& Tea::operator=(const Tea& o) { return *this; }
Tea::operator bool() const { return true; }
template <class T> T add(T a, T b) { return make_pair<T>(a, b); }
using Id = int;
concept_t x = 3;
namespace c::d { int f() { return 1; } }
auto lambda = [](int x) { return x; };
""",
}
DEFINITIONS = {
    "Python": """
LIMIT, constant, 2/3, Attribute doc.
A, constant, 5
B, constant, 5
Cache, class, 7/9-20, Holds things.
Cache.MAX, constant, 15
Cache.get, method, 17-20
Cache.get.inner, function, 18/19, Why
load, function, 23-28
load.once, function, 24/26-28, Tries once.
pick, function, 31/32
pick, function, 33
Pair, type, 34
conditional, function, 36-37
""",
    "JavaScript": """
app, constant, 2/3, The app.
app.init, method, 4
Foo.bar, method, 5
send, function, 6
A, class, 7
A.#secret, method, 7
A.make, method, 7
A.onClick, method, 7
gen, function, 8
Main, function, 9
api, constant, 10
api.get, method, 10
api.post, method, 10
api.put, method, 10
hidden, function, 12
K, class, 13
""",
    "TypeScript": """
Store, class, 1/7-14, Loads things.
Store.MAX, constant, 8
Store.constructor, method, 10
Store.load, method, 11
Store.handler, method, 12
Store.size, method, 13
Shape, interface, 15
Shape.area, method, 15
Id, type, 16
Color, enum, 17
Color.Red, constant, 17
Color.Green, constant, 17
Geometry, module, 18
Geometry.area, function, 18
pick, function, 19/20, One of two.
pick, function, 21
pick, function, 22
fetchAll, function, 23
LIMIT, constant, 24
OTHER, constant, 24
OTHER.nested, method, 24
Animal, class, 25
Animal.speak, method, 25
x, module, 26
""",
    "Go": """
Server, struct, 3/4-6, Server serves.
Handler, interface, 8-11
Handler.Serve, method, 9/10, Serve answers.
Id, type, 12
Code, type, 13
Server.Serve, method, 15/19-23, Serve begins. It blocks.
Code.String, method, 24
A, constant, 26/27, A is first.
B, constant, 28
Version, constant, 30
Build, constant, 30
main, function, 31
""",
    "Rust": """
Pool, struct, 2/4, A pool.
Shape, enum, 5
Shape.Circle, constant, 5
Shape.Square, constant, 5
Draw, trait, 6
Draw.draw, method, 6
Draw.twice, method, 6
Pool, impl, 7-11
Pool.draw, method, 8/10, Draws it.
Pool, impl, 12
Pool.new, method, 12
square, macro, 13
MAX, constant, 14
NAME, constant, 15
Pair, type, 16
inner, module, 17
inner.helper, function, 17
Bits, struct, 18
main, function, 19
""",
    "Java": """
Greeter, class, 2/4-22, Greets people. Politely.
Greeter.LIMIT, constant, 5
Greeter.Greeter, method, 7
Greeter.greet, method, 8/13-16, Says hello.
Greeter.greet.run, function, 14
Greeter.Inner, class, 17
Greeter.Inner.deep, method, 17
Greeter.Point, class, 18
Greeter.Level, enum, 19
Greeter.Level.LOW, constant, 19
Greeter.Level.HIGH, constant, 19
Greeter.Shape, interface, 20
Greeter.Shape.area, method, 20
Greeter.Shape.SIDES, constant, 20
Greeter.Marker, interface, 21
Greeter.Marker.value, method, 21
""",
    "C": """
LIMIT, constant, 1/2, The limit.
MIN, macro, 3
point, struct, 4
point_t, type, 4
anon, struct, 5
handler, type, 6
color, enum, 7
color.RED, constant, 7
color.GREEN, constant, 7
bits, struct, 8
names, constant, 9
callback, constant, 10
run, function, 14/17-21, Runs it. Twice.
name_of, function, 22
signal, function, 23
guarded, function, 25
""",
    "C++": """
a, module, 1-18
a.b, module, 1-18
a.b.Pool, class, 2/4-15, Holds things.
a.b.Pool.Pool, method, 6
a.b.Pool.~Pool, method, 7
a.b.Pool.operator==, method, 8
a.b.Pool.operator bool, method, 9
a.b.Pool.get, method, 10
a.b.Pool.MAX, constant, 11
a.b.hash, struct, 16
a.b.Level, enum, 17
a.b.Level.Low, constant, 17
Pool.drain, method, 19
Tea.name, method, 20
Tea.operator=, method, 21
Tea.operator bool, method, 22
add, function, 23
Id, type, 24
x, constant, 25
c::d, module, 26
c::d.f, function, 26
lambda, constant, 27
""",
}
"""Each line: the qualified name, the kind, [lead line/]first line[-last line], what is said about it."""
CALLS = {
    "Python": ("cache:7 route:8 foo:19 bar:19 retry:25 fetch:28 overload:31 choose:33"),
    "JavaScript": ("run:4 Panel:9 Other:9 fetch:10"),
    "TypeScript": ("Injectable:6 Map:9 get:11 notify:12 choose:22 Request:23 run:24 require:27"),
    "Go": ("close:20 Errorf:22 newThing:30"),
    "Rust": ("draw:6 render:10 Pool:10 helper:10 todo:12 square:19"),
    "Java": ("Runnable:14 stop:14 make:15 stream:15 map:15 toList:15 check:18"),
    "C": ("next:20 MIN:20 helper:25"),
    "C++": ("sort:19 run:19 make_pair:23"),
}

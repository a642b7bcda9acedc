//! A proof that needs no compiler: no module has a step whose result a compiler may change.
//!
//! naga's IR is walked from every function, through calls, variables and fields of structs. The result of a float sum or
//! product is *unrounded* until its bits pass an integer operation that no compiler sees through. Until then, a compiler
//! may contract, regroup or factor what is made of it. So it may enter no other float operation; [`Rule`] lists what is
//! refused. An operand that is not unrounded has one value on every device, and then so does the next sum or product.
//!
//! The walk takes the sign of a number apart as compilers do: `bits & 0x7fffffff` is `abs`, and an `|` or `^` with a lone
//! sign bit sets or changes the sign. Adding a constant to the bits and subtracting it again is nothing. Other integer
//! operations that a second one undoes are not recognised.
//!
//! It says nothing of NaN, infinities, signs of zeros and subnormal numbers: the other checks find those.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use naga::proc::TypeResolution;
use naga::valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator};
use naga::{
    BinaryOperator, Block, Expression, Function, GlobalVariable, Handle, Literal, LocalVariable,
    MathFunction, Module, ScalarKind, Statement, Type, TypeInner, UnaryOperator,
};

use crate::Outcome;
use crate::modules::is_exact;

/// What a step must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// It would be contracted or regrouped.
    UnroundedInSum,
    /// (a b) c is regrouped.
    ProductInProduct,
    /// Neither is a variable.
    BothUnrounded,
    /// (a + b) 3 is expanded.
    SumTimesConstant,
    /// (a + 1) b is expanded to an fma by LLVM, without more operations.
    SumWithOne,
    /// a - b < 0 is a < b with more bits.
    UnroundedCompared,
    /// min and max compare.
    UnroundedInMinMax,
    /// A conversion to an integer drops bits of what has more than an f32 has.
    UnroundedConverted,
    /// The caller would contract it.
    UnroundedReturned,
    /// 2.5 ulp are allowed.
    Division,
    /// Its accuracy, or how it is made, is left open.
    BuiltIn,
    /// x + 0, x - 0, 0 - x or x * 1: fast math drops it, and with it flushing and the sign of a zero.
    Folded,
    /// The walk does not follow pointers into functions.
    Pointer,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::UnroundedInSum => "an unrounded sum or product enters a sum",
            Rule::ProductInProduct => "an unrounded product is multiplied",
            Rule::BothUnrounded => "both factors are unrounded",
            Rule::SumTimesConstant => "an unrounded sum is multiplied by a constant",
            Rule::SumWithOne => "an unrounded sum with 1 or -1 is multiplied",
            Rule::UnroundedCompared => "an unrounded sum or product is compared",
            Rule::UnroundedInMinMax => "an unrounded sum or product enters min, max or clamp",
            Rule::UnroundedConverted => "an unrounded sum or product is converted to an integer",
            Rule::UnroundedReturned => "a public function returns an unrounded sum or product",
            Rule::Division => "floats are divided",
            Rule::BuiltIn => "a built-in function is called whose result is left open",
            Rule::Folded => "x + 0, x - 0, 0 - x or x * 1 is left out by fast math",
            Rule::Pointer => "a pointer is passed to a function",
        })
    }
}

/// Where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    module: String,
    function: String,
    /// Counted in the module's source.
    line: u32,
    text: String,
    rule: Rule,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { module, function, line, text, rule } = self;
        write!(f, "{rule}: fn {function}, line {line} of {module:?}: {text}")
    }
}

/// A step that breaks a rule, and why that is harmless.
struct Exception {
    function: &'static str,
    rule: Rule,
    /// In its line.
    text: &'static str,
    reason: &'static str,
}

impl Exception {
    fn covers(&self, violation: &Violation) -> bool {
        (self.function, self.rule) == (violation.function.as_str(), violation.rule)
            && violation.text.contains(self.text)
    }
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        function: "numerics_inverse",
        rule: Rule::SumTimesConstant,
        text: "guess * (3.0 -",
        reason: "guess and near are made of the same d: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_mul_plus",
        rule: Rule::SumTimesConstant,
        text: "numerics_rounded(a * x) + c",
        reason: "a is made of x: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_exp",
        rule: Rule::SumTimesConstant,
        text: "numerics_mul(square, r) * p",
        reason: "the polynomial is made of the other factor: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_short_exp",
        rule: Rule::SumTimesConstant,
        text: "square * p",
        reason: "the polynomial is made of the other factor: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_softplus",
        rule: Rule::SumTimesConstant,
        text: "numerics_mul(s, z) * p",
        reason: "the polynomial is made of the other factor: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_tanhshrink_series",
        rule: Rule::SumTimesConstant,
        text: "s * numerics_mul_plus(p, square, p01)",
        reason: "the polynomial is made of the other factor: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_exp",
        rule: Rule::UnroundedInSum,
        text: "n * 0.693145751953125",
        reason: "n has 9 bits and the constant 15, so that the product is exact",
    },
    Exception {
        function: "numerics_short_exp",
        rule: Rule::UnroundedInSum,
        text: "n * 0.693145751953125",
        reason: "n has 9 bits and the constant 15, so that the product is exact",
    },
    Exception {
        function: "numerics_quotient",
        rule: Rule::UnroundedInSum,
        text: "head * d.head",
        reason: "both have 12 bits, so that the product is exact",
    },
    Exception {
        function: "numerics_quotient",
        rule: Rule::SumTimesConstant,
        text: "guess * (2.0 -",
        reason: "guess is made of whole: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_quotient",
        rule: Rule::SumTimesConstant,
        text: "near * (2.0 -",
        reason: "near is made of whole: where one is a constant, so is the other",
    },
    Exception {
        function: "numerics_wide_div",
        rule: Rule::UnroundedInSum,
        text: "head * d.head",
        reason: "both have 12 bits, so that the product is exact",
    },
    Exception {
        function: "numerics_wide_div",
        rule: Rule::SumTimesConstant,
        text: "inverse * (2.0 -",
        reason: "inverse is made of whole: where one is a constant, so is the other",
    },
    Exception {
        function: "random_uniform",
        rule: Rule::UnroundedReturned,
        text: "* 5.9604645e-8",
        reason: "a whole number below 2^24 times 2^-24 is exact, and never subnormal",
    },
];

/// What is known of a number, a vector or a matrix; of an integer, of the float with these bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Number {
    /// It may be an unrounded sum.
    sum: bool,
    /// It may be an unrounded product.
    product: bool,
    /// A term of the sum may be 1 or -1.
    with_one: bool,
    /// It may be a product with a power of 2. That is exact, so that contraction and regrouping are harmless, but not
    /// another such product: 2^30 x + 2^-30 x may become one product.
    scaled: bool,
    /// What was added to the bits since, modulo 2^32; `None` if unknown.
    offset: Option<u32>,
    /// It may be known to the compiler.
    may_be_constant: bool,
    /// It is known to the compiler, if all calls are inlined.
    is_constant: bool,
    /// The bits, the same for every component.
    known: Option<u32>,
    /// No bit but the highest is set.
    is_sign: bool,
}

const OPAQUE: Number = Number {
    sum: false,
    product: false,
    with_one: false,
    scaled: false,
    offset: Some(0),
    may_be_constant: false,
    is_constant: false,
    known: None,
    is_sign: false,
};

const UNROUNDED: Number = Number { sum: true, product: true, with_one: true, ..OPAQUE };

const CONSTANT: Number = Number { may_be_constant: true, is_constant: true, ..OPAQUE };

const SIGN: u32 = 0x8000_0000;

/// Factors from 2^-10 to 2^10: the sum of two of them has 24 bits.
const SCALES: std::ops::RangeInclusive<u32> = 117..=137;

impl Number {
    fn known(bits: u32) -> Number {
        Number { known: Some(bits), is_sign: bits & !SIGN == 0, ..CONSTANT }
    }

    /// The result of an operation that no compiler sees through.
    fn of(operands: &[Number]) -> Number {
        Number {
            may_be_constant: operands.iter().all(|n| n.may_be_constant),
            is_constant: operands.iter().all(|n| n.is_constant),
            ..OPAQUE
        }
    }

    fn is_made(self) -> bool {
        self.sum || self.product || self.scaled
    }

    fn is_unrounded(self) -> bool {
        (self.sum || self.product) && matches!(self.offset, Some(0) | None)
    }

    fn may_be_one(self) -> bool {
        let one = 1f32.to_bits();
        self.may_be_constant && self.known.is_none_or(|bits| bits & !SIGN == one)
    }

    fn is_scale(self) -> bool {
        self.known
            .is_some_and(|bits| bits & 0x007f_ffff == 0 && SCALES.contains(&((bits & !SIGN) >> 23)))
    }

    /// Either of the two.
    fn or(self, other: Number) -> Number {
        Number {
            sum: self.sum | other.sum,
            product: self.product | other.product,
            with_one: self.with_one | other.with_one,
            scaled: self.scaled | other.scaled,
            offset: match (self.is_made(), other.is_made()) {
                (true, true) if self.offset != other.offset => None,
                (true, _) => self.offset,
                _ => other.offset,
            },
            may_be_constant: self.may_be_constant | other.may_be_constant,
            is_constant: self.is_constant & other.is_constant,
            known: if self.known == other.known { self.known } else { None },
            is_sign: self.is_sign & other.is_sign,
        }
    }

    /// With another sign.
    fn signed(self) -> Number {
        Number { known: None, is_sign: false, ..self }
    }

    /// With something added to the bits.
    fn moved(self, by: Option<u32>) -> Number {
        if !self.is_made() {
            return Number::of(&[self]);
        }
        let offset = self.offset.zip(by).map(|(offset, by)| offset.wrapping_add(by));
        Number { offset, ..self.signed() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    Number(Number),
    Struct(Vec<Value>),
}

impl Value {
    /// All numbers in it are `number`.
    fn new(module: &Module, ty: &TypeInner, number: Number) -> Value {
        let of = |ty: Handle<Type>| Value::new(module, &module.types[ty].inner, number);
        match ty {
            TypeInner::Struct { members, .. } => {
                Value::Struct(members.iter().map(|member| of(member.ty)).collect())
            }
            TypeInner::Array { base, .. } | TypeInner::BindingArray { base, .. } => of(*base),
            _ => Value::Number(number),
        }
    }

    fn or(&self, other: &Value) -> Value {
        match (self, other) {
            (Value::Struct(a), Value::Struct(b)) => {
                Value::Struct(a.iter().zip(b).map(|(a, b)| a.or(b)).collect())
            }
            _ => Value::Number(self.number().or(other.number())),
        }
    }

    /// All of it as one.
    fn number(&self) -> Number {
        match self {
            Value::Number(number) => *number,
            Value::Struct(fields) => {
                fields.iter().map(Value::number).reduce(Number::or).unwrap_or(OPAQUE)
            }
        }
    }

    fn at(&self, path: &[u32]) -> &Value {
        match (self, path) {
            (Value::Struct(fields), [first, rest @ ..]) => fields[*first as usize].at(rest),
            _ => self,
        }
    }

    /// It may also be `value` there.
    fn add(&mut self, path: &[u32], value: &Value) {
        match (&mut *self, path) {
            (Value::Struct(fields), [first, rest @ ..]) => {
                fields[*first as usize].add(rest, value);
            }
            _ => *self = self.or(value),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Root {
    Local(Handle<LocalVariable>),
    Global(Handle<GlobalVariable>),
    Unknown,
}

/// What an expression is.
#[derive(Debug, Clone)]
enum Entry {
    Value(Value),
    /// A pointer: to a variable, or to fields in it.
    Place(Root, Vec<u32>),
}

/// Every violation in a module, in the order of functions.
///
/// # Errors
/// If it is no WGSL.
fn check(name: &str, source: &str) -> Outcome<Vec<Violation>> {
    let module =
        naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    let info = validator.validate(&module).map_err(|error| error.into_inner())?;
    let globals = module.global_variables.iter().map(|(handle, variable)| {
        (handle, Value::new(&module, &module.types[variable.ty].inner, OPAQUE))
    });
    let mut walk = Walk {
        name,
        source,
        module: &module,
        info: &info,
        globals: globals.collect(),
        results: HashMap::new(),
        is_stable: false,
        found: BTreeSet::new(),
    };
    while !walk.is_stable {
        walk.is_stable = true;
        walk.results.clear();
        walk.all();
    }
    Ok(walk.found.into_iter().collect())
}

struct Walk<'a> {
    name: &'a str,
    source: &'a str,
    module: &'a Module,
    info: &'a ModuleInfo,
    /// What may be in them at any time.
    globals: HashMap<Handle<GlobalVariable>, Value>,
    /// Of functions, by what their arguments are.
    results: HashMap<(Handle<Function>, Vec<Value>), Value>,
    /// Nothing new has been stored in `globals`.
    is_stable: bool,
    found: BTreeSet<Violation>,
}

impl Walk<'_> {
    fn all(&mut self) {
        let module = self.module;
        for (index, entry) in module.entry_points.iter().enumerate() {
            let info = self.info.get_entry_point(index);
            let arguments = self.arguments(&entry.function, &[OPAQUE]);
            for arguments in arguments {
                self.function(&entry.function, info, &arguments);
            }
        }
        let is_library = module.entry_points.is_empty();
        for (handle, function) in module.functions.iter() {
            // A compiler need not inline it.
            for arguments in self.arguments(function, &[OPAQUE]) {
                let result = self.call(handle, arguments);
                let is_public = is_library && !self.is_called(handle);
                if is_public && result.number().is_unrounded() {
                    self.report_return(function);
                }
            }
            let name = function.name.as_deref().unwrap_or_default();
            if is_library && !name.starts_with("numerics_") && !self.is_called(handle) {
                // The caller may pass constants; and what it has not rounded, but not for the parameters.
                for arguments in self.arguments(function, &[OPAQUE, UNROUNDED, CONSTANT]) {
                    let mut pairs = function.arguments.iter().zip(&arguments);
                    let is_allowed = pairs.all(|(argument, value)| {
                        argument.name.as_deref() != Some("p") || !value.number().is_unrounded()
                    });
                    if is_allowed {
                        self.call(handle, arguments);
                    }
                }
            }
        }
    }

    fn is_called(&self, callee: Handle<Function>) -> bool {
        let calls = |function: &Function| {
            let mut results = function.expressions.iter();
            results.any(|(_, e)| matches!(e, Expression::CallResult(handle) if *handle == callee))
        };
        self.module.functions.iter().any(|(_, function)| calls(function))
    }

    /// Every combination of arguments that are one of `numbers` each.
    fn arguments(&self, function: &Function, numbers: &[Number]) -> Vec<Vec<Value>> {
        let mut all = vec![Vec::new()];
        for argument in &function.arguments {
            let ty = &self.module.types[argument.ty].inner;
            all = all
                .iter()
                .flat_map(|before: &Vec<Value>| {
                    numbers.iter().map(|number| {
                        let mut arguments = before.clone();
                        arguments.push(Value::new(self.module, ty, *number));
                        arguments
                    })
                })
                .collect();
        }
        all
    }

    fn call(&mut self, handle: Handle<Function>, arguments: Vec<Value>) -> Value {
        let key = (handle, arguments);
        if let Some(result) = self.results.get(&key) {
            return result.clone();
        }
        let result = self.function(&self.module.functions[handle], &self.info[handle], &key.1);
        self.results.insert(key, result.clone());
        result
    }

    /// What it returns.
    fn function(&mut self, function: &Function, info: &FunctionInfo, arguments: &[Value]) -> Value {
        let mut locals = HashMap::new();
        let mut result = None;
        loop {
            let mut frame = Frame {
                walk: self,
                function,
                info,
                arguments,
                locals: &mut locals,
                entries: vec![None; function.expressions.len()],
                result: &mut result,
                is_stable: true,
            };
            for (handle, variable) in function.local_variables.iter() {
                if let Some(init) = variable.init {
                    let value = frame.value(init);
                    frame.store(Root::Local(handle), &[], &value);
                }
            }
            frame.block(&function.body);
            if frame.is_stable {
                return result.unwrap_or(Value::Number(OPAQUE));
            }
        }
    }

    fn report_return(&mut self, function: &Function) {
        let mut last = function.body.iter().rev();
        let value = last.find_map(|statement| match statement {
            Statement::Return { value } => *value,
            _ => None,
        });
        if let Some(value) = value {
            self.report(function, value, Rule::UnroundedReturned);
        }
    }

    fn report(&mut self, function: &Function, at: Handle<Expression>, rule: Rule) {
        let line = function.expressions.get_span(at).location(self.source).line_number;
        let text = self.source.lines().nth(line as usize - 1).unwrap_or_default().trim();
        self.found.insert(Violation {
            module: self.name.to_owned(),
            function: function.name.clone().unwrap_or_default(),
            line,
            text: text.to_owned(),
            rule,
        });
    }

    fn constant(&self, handle: Handle<Expression>) -> Value {
        match &self.module.global_expressions[handle] {
            Expression::Literal(literal) => Value::Number(of_literal(*literal)),
            Expression::Constant(constant) => self.constant(self.module.constants[*constant].init),
            Expression::ZeroValue(ty) => {
                Value::new(self.module, &self.module.types[*ty].inner, Number::known(0))
            }
            Expression::Compose { ty, components } => {
                let components = components.iter().map(|c| self.constant(*c)).collect();
                self.composed(*ty, components)
            }
            Expression::Splat { value, .. } => self.constant(*value),
            _ => Value::Number(CONSTANT),
        }
    }

    fn composed(&self, ty: Handle<Type>, components: Vec<Value>) -> Value {
        if let TypeInner::Struct { .. } = self.module.types[ty].inner {
            return Value::Struct(components);
        }
        let first = components.into_iter().reduce(|a, b| a.or(&b));
        first.unwrap_or(Value::Number(OPAQUE))
    }
}

fn of_literal(literal: Literal) -> Number {
    match literal {
        Literal::F32(number) => Number::known(number.to_bits()),
        Literal::U32(bits) => Number::known(bits),
        Literal::I32(number) => Number::known(number as u32),
        _ => CONSTANT,
    }
}

/// A function on its way.
struct Frame<'w, 'a, 'f> {
    walk: &'w mut Walk<'a>,
    function: &'f Function,
    info: &'f FunctionInfo,
    arguments: &'f [Value],
    /// What may be in them at any time.
    locals: &'w mut HashMap<Handle<LocalVariable>, Value>,
    entries: Vec<Option<Entry>>,
    result: &'w mut Option<Value>,
    /// Nothing new has been stored in `locals`.
    is_stable: bool,
}

impl Frame<'_, '_, '_> {
    fn block(&mut self, block: &Block) {
        for statement in block {
            match statement {
                Statement::Emit(range) => {
                    for handle in range.clone() {
                        self.entry(handle);
                    }
                }
                Statement::Block(block) => self.block(block),
                Statement::If { accept, reject, .. } => {
                    self.block(accept);
                    self.block(reject);
                }
                Statement::Switch { cases, .. } => {
                    cases.iter().for_each(|case| self.block(&case.body));
                }
                Statement::Loop { body, continuing, .. } => {
                    self.block(body);
                    self.block(continuing);
                }
                Statement::Store { pointer, value } => {
                    let value = self.value(*value);
                    if let Entry::Place(root, path) = self.entry(*pointer) {
                        self.store(root, &path, &value);
                    }
                }
                Statement::Return { value: Some(value) } => {
                    let value = self.value(*value);
                    *self.result = Some(match self.result.take() {
                        Some(before) => before.or(&value),
                        None => value,
                    });
                }
                Statement::Call { function, arguments, result } => {
                    let mut values = Vec::new();
                    for argument in arguments {
                        if let Entry::Place(..) = self.entry(*argument) {
                            self.report(*argument, Rule::Pointer);
                        }
                        values.push(self.value(*argument));
                    }
                    let value = self.walk.call(*function, values);
                    if let Some(result) = result {
                        self.entries[result.index()] = Some(Entry::Value(value));
                    }
                }
                // They do not compute, or integers alone.
                _ => {}
            }
        }
    }

    fn store(&mut self, root: Root, path: &[u32], value: &Value) {
        let module = self.walk.module;
        match root {
            Root::Local(handle) => {
                let ty = &module.types[self.function.local_variables[handle].ty].inner;
                let old = self.locals.get(&handle).cloned();
                let mut new = match &old {
                    Some(old) => old.clone(),
                    None if path.is_empty() => value.clone(),
                    None => Value::new(module, ty, Number::known(0)),
                };
                new.add(path, value);
                self.is_stable &= old.as_ref() == Some(&new);
                self.locals.insert(handle, new);
            }
            Root::Global(handle) => {
                let mut new = self.walk.globals[&handle].clone();
                new.add(path, value);
                self.walk.is_stable &= self.walk.globals[&handle] == new;
                self.walk.globals.insert(handle, new);
            }
            Root::Unknown => {}
        }
    }

    fn load(&self, root: Root, path: &[u32], ty: &TypeResolution) -> Value {
        let module = self.walk.module;
        let new = |number| Value::new(module, ty.inner_with(&module.types), number);
        match root {
            Root::Local(handle) => match self.locals.get(&handle) {
                Some(value) => value.at(path).clone(),
                None => new(Number::known(0)),
            },
            Root::Global(handle) => self.walk.globals[&handle].at(path).clone(),
            Root::Unknown => new(OPAQUE),
        }
    }

    fn report(&mut self, at: Handle<Expression>, rule: Rule) {
        self.walk.report(self.function, at, rule);
    }

    fn entry(&mut self, at: Handle<Expression>) -> Entry {
        if let Some(entry) = &self.entries[at.index()] {
            return entry.clone();
        }
        let entry = self.evaluate(at);
        self.entries[at.index()] = Some(entry.clone());
        entry
    }

    fn value(&mut self, at: Handle<Expression>) -> Value {
        match self.entry(at) {
            Entry::Value(value) => value,
            Entry::Place(..) => Value::Number(OPAQUE),
        }
    }

    fn number(&mut self, at: Handle<Expression>) -> Number {
        self.value(at).number()
    }

    fn inner(&self, at: Handle<Expression>) -> &TypeInner {
        self.info[at].ty.inner_with(&self.walk.module.types)
    }

    fn kind(&self, at: Handle<Expression>) -> Option<ScalarKind> {
        self.inner(at).scalar_kind()
    }

    fn is_float(&self, at: Handle<Expression>) -> bool {
        self.kind(at) == Some(ScalarKind::Float)
    }

    fn evaluate(&mut self, at: Handle<Expression>) -> Entry {
        let module = self.walk.module;
        let number = match &self.function.expressions[at] {
            Expression::Literal(literal) => of_literal(*literal),
            Expression::Constant(constant) => {
                return Entry::Value(self.walk.constant(module.constants[*constant].init));
            }
            Expression::Override(_) => CONSTANT,
            Expression::ZeroValue(ty) => {
                let ty = &module.types[*ty].inner;
                return Entry::Value(Value::new(module, ty, Number::known(0)));
            }
            Expression::Compose { ty, components } => {
                let components = components.iter().map(|c| self.value(*c)).collect();
                return Entry::Value(self.walk.composed(*ty, components));
            }
            Expression::Splat { value: from, .. }
            | Expression::Swizzle { vector: from, .. }
            | Expression::Access { base: from, .. } => return self.entry(*from),
            Expression::AccessIndex { base, index } => {
                return match self.entry(*base) {
                    Entry::Value(Value::Struct(fields)) if self.is_struct(*base) => {
                        Entry::Value(fields[*index as usize].clone())
                    }
                    Entry::Place(root, mut path) => {
                        if self.is_struct(*base) {
                            path.push(*index);
                        }
                        Entry::Place(root, path)
                    }
                    entry => entry,
                };
            }
            Expression::FunctionArgument(index) => match self.inner(at) {
                TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. } => {
                    return Entry::Place(Root::Unknown, Vec::new());
                }
                _ => return Entry::Value(self.arguments[*index as usize].clone()),
            },
            Expression::GlobalVariable(handle) => {
                return Entry::Place(Root::Global(*handle), Vec::new());
            }
            Expression::LocalVariable(handle) => {
                return Entry::Place(Root::Local(*handle), Vec::new());
            }
            Expression::Load { pointer } => {
                let Entry::Place(root, path) = self.entry(*pointer) else {
                    return Entry::Value(Value::Number(OPAQUE));
                };
                return Entry::Value(self.load(root, &path, &self.info[at].ty));
            }
            Expression::Select { accept, reject, .. } => {
                let reject = self.value(*reject);
                return Entry::Value(self.value(*accept).or(&reject));
            }
            Expression::Unary { op, expr } => self.unary(*op, *expr),
            Expression::Binary { op, left, right } => self.binary(at, *op, *left, *right),
            Expression::Math { fun, arg, arg1, arg2, arg3 } => {
                let arguments: Vec<_> =
                    [Some(*arg), *arg1, *arg2, *arg3].into_iter().flatten().collect();
                self.math(at, *fun, &arguments)
            }
            Expression::As { expr, kind, convert } => {
                let number = self.number(*expr);
                let from = self.kind(*expr);
                if convert.is_none() || from == Some(*kind) {
                    number
                } else {
                    if number.is_unrounded() && from == Some(ScalarKind::Float) {
                        self.report(at, Rule::UnroundedConverted);
                    }
                    Number::of(&[number])
                }
            }
            Expression::Derivative { .. } => {
                self.report(at, Rule::BuiltIn);
                OPAQUE
            }
            // It comes from memory, or is an integer or a truth value.
            _ => return Entry::Value(Value::new(module, self.inner(at), OPAQUE)),
        };
        Entry::Value(Value::Number(number))
    }

    /// Of a struct, or a pointer to one.
    fn is_struct(&self, base: Handle<Expression>) -> bool {
        let inner = match self.inner(base) {
            TypeInner::Pointer { base, .. } => &self.walk.module.types[*base].inner,
            inner => inner,
        };
        matches!(inner, TypeInner::Struct { .. })
    }

    fn unary(&mut self, op: UnaryOperator, operand: Handle<Expression>) -> Number {
        let number = self.number(operand);
        match op {
            UnaryOperator::Negate if self.is_float(operand) => {
                Number { known: number.known.map(|bits| bits ^ SIGN), ..number.signed() }
            }
            UnaryOperator::Negate | UnaryOperator::BitwiseNot => number.moved(None),
            UnaryOperator::LogicalNot => Number::of(&[number]),
        }
    }

    fn binary(
        &mut self,
        at: Handle<Expression>,
        op: BinaryOperator,
        left: Handle<Expression>,
        right: Handle<Expression>,
    ) -> Number {
        use BinaryOperator::{Add, Divide, Modulo, Multiply, Subtract};
        let numbers = [left, right].map(|operand| self.number(operand));
        if !self.is_float(left) && !self.is_float(right) {
            return of_integers(op, numbers);
        }
        let is = |wanted: f32, n: Number| n.known == Some(wanted.to_bits());
        let is_literal = |wanted: f32, operand: Handle<Expression>, n: Number| {
            is(wanted, n) && self.is_written(operand)
        };
        let [l, r] = numbers;
        let folds = match op {
            Add | Subtract => is_literal(0.0, left, l) || is_literal(0.0, right, r),
            Multiply => is_literal(1.0, left, l) || is_literal(1.0, right, r),
            _ => false,
        };
        if folds {
            self.report(at, Rule::Folded);
        }
        let broken = match op {
            Add | Subtract => {
                (l.is_unrounded() || r.is_unrounded()).then_some(Rule::UnroundedInSum)
            }
            Multiply => match (l.is_unrounded(), r.is_unrounded()) {
                (true, true) => Some(Rule::BothUnrounded),
                (true, false) => of_factors(l, r),
                (false, true) => of_factors(r, l),
                (false, false) => None,
            },
            Divide | Modulo => Some(Rule::Division),
            _ => (l.is_unrounded() || r.is_unrounded()).then_some(Rule::UnroundedCompared),
        };
        if let Some(rule) = broken {
            self.report(at, rule);
        }
        let result = Number::of(&numbers);
        let is_plain = |n: Number| !n.is_unrounded() && !n.scaled;
        match op {
            Add | Subtract => {
                Number { sum: true, with_one: l.may_be_one() || r.may_be_one(), ..result }
            }
            Multiply if l.is_scale() && is_plain(r) || r.is_scale() && is_plain(l) => {
                Number { scaled: true, ..result }
            }
            Multiply | Divide | Modulo => Number { product: true, ..result },
            _ => result,
        }
    }

    /// It stands there as a constant, and was not passed.
    fn is_written(&self, operand: Handle<Expression>) -> bool {
        match &self.function.expressions[operand] {
            Expression::Literal(_) | Expression::Constant(_) | Expression::ZeroValue(_) => true,
            Expression::Splat { value, .. } => self.is_written(*value),
            Expression::Compose { components, .. } => {
                components.iter().all(|component| self.is_written(*component))
            }
            _ => false,
        }
    }

    fn math(
        &mut self,
        at: Handle<Expression>,
        function: MathFunction,
        arguments: &[Handle<Expression>],
    ) -> Number {
        use MathFunction::{Abs, Clamp, Max, Min};
        let numbers: Vec<Number> = arguments.iter().map(|a| self.number(*a)).collect();
        if !is_exact(function) {
            self.report(at, Rule::BuiltIn);
        }
        let result = Number::of(&numbers);
        if self.is_float(arguments[0]) {
            return match function {
                Abs => numbers[0].signed(),
                Min | Max | Clamp => {
                    if numbers.iter().any(|n| n.is_unrounded()) {
                        self.report(at, Rule::UnroundedInMinMax);
                    }
                    let either = numbers.into_iter().reduce(Number::or).unwrap_or(OPAQUE);
                    // No compiler makes a branch of it, to go on with the constant.
                    let may_be_constant = result.may_be_constant;
                    Number { known: None, may_be_constant, ..either }
                }
                _ => result,
            };
        }
        // What changes no number.
        let limits: &[u32] = match function {
            Min => &[!SIGN, !0],
            Max => &[0, SIGN],
            _ => &[],
        };
        let is_limit = |n: &Number| n.known.is_some_and(|bits| limits.contains(&bits));
        match numbers[..] {
            [n, limit] | [limit, n] if is_limit(&limit) => n,
            _ => result,
        }
    }
}

/// The rule that an unrounded factor breaks beside one that is not.
fn of_factors(unrounded: Number, other: Number) -> Option<Rule> {
    if unrounded.product {
        Some(Rule::ProductInProduct)
    } else if unrounded.is_constant {
        // What is known altogether is computed as it is written.
        None
    } else if other.may_be_constant || other.scaled {
        Some(Rule::SumTimesConstant)
    } else if unrounded.with_one {
        Some(Rule::SumWithOne)
    } else {
        None
    }
}

/// Of operations on integers and truth values; those that leave an unrounded number's bits, or can be undone, keep it so.
fn of_integers(op: BinaryOperator, numbers: [Number; 2]) -> Number {
    use BinaryOperator::*;
    let [left, right] = numbers;
    let known = left.known.zip(right.known).and_then(|(a, b)| match op {
        Add => Some(a.wrapping_add(b)),
        Subtract => Some(a.wrapping_sub(b)),
        Multiply => Some(a.wrapping_mul(b)),
        And => Some(a & b),
        InclusiveOr => Some(a | b),
        ExclusiveOr => Some(a ^ b),
        ShiftLeft => a.checked_shl(b),
        _ => None,
    });
    if let Some(bits) = known {
        return Number::known(bits);
    }
    let result = Number::of(&numbers);
    // An operand and the constant beside it, in either order.
    let beside = |is: &dyn Fn(Number) -> bool| match numbers {
        [n, constant] | [constant, n] if is(constant) => Some(n),
        _ => None,
    };
    let is_known = |n: Number| n.known.is_some();
    match op {
        And if left.is_sign || right.is_sign => Number { is_sign: true, ..result },
        And => match beside(&|n| n.known.is_some_and(|bits| bits | SIGN == !0)) {
            Some(n) if n.offset == Some(0) || n.offset.is_none() => n.signed(),
            _ => result,
        },
        InclusiveOr | ExclusiveOr if left.is_sign && right.is_sign => {
            Number { is_sign: true, ..result }
        }
        InclusiveOr | ExclusiveOr => match beside(&|n| n.is_sign) {
            Some(n) => Number {
                may_be_constant: result.may_be_constant,
                is_constant: result.is_constant,
                ..n.signed()
            },
            None if op == ExclusiveOr => beside(&is_known).map_or(result, |n| n.moved(None)),
            None => result,
        },
        Add => match (left.known, right.known) {
            (Some(bits), None) => right.moved(Some(bits)),
            (None, Some(bits)) => left.moved(Some(bits)),
            _ => result,
        },
        Subtract => match (left.known, right.known) {
            (None, Some(bits)) => left.moved(Some(bits.wrapping_neg())),
            (Some(_), None) => right.moved(None),
            _ => result,
        },
        ShiftLeft | ShiftRight if right.known == Some(0) => left,
        ShiftLeft if right.known == Some(31) => Number { is_sign: true, ..result },
        _ => result,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use wgpu_relu::{Activation, wgsl};

    use super::*;

    fn modules() -> Vec<(String, String)> {
        let alone = Activation::ALL.iter().map(|a| (a.name().to_owned(), a.wgsl().to_owned()));
        let others = [("numerics", wgsl::NUMERICS), ("random", wgsl::RANDOM)];
        let others = others.map(|(name, source)| (name.to_owned(), source.to_owned()));
        alone.chain(others).chain(wgsl::kernels()).collect()
    }

    #[test]
    fn no_step_can_be_changed() {
        let modules = modules();
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((name, source)) =
                        modules.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let violations = check(name, source).unwrap();
                        found.lock().unwrap().extend(violations);
                    }
                });
            }
        });
        let found = found.into_inner().unwrap();
        // Once for all modules that share a file.
        let mut seen = BTreeSet::new();
        let refused: Vec<String> = found
            .iter()
            .filter(|violation| !EXCEPTIONS.iter().any(|exception| exception.covers(violation)))
            .filter(|v| seen.insert((&v.function, &v.text, v.rule)))
            .map(Violation::to_string)
            .collect();
        assert!(refused.is_empty(), "\n{}", refused.join("\n"));
        for exception in EXCEPTIONS {
            let is_needed = found.iter().any(|violation| exception.covers(violation));
            let Exception { function, text, reason, .. } = exception;
            assert!(is_needed, "no step needs this exception: {function}, {text:?}: {reason}");
        }
    }

    /// What a function of this body breaks, beside the numerics.
    fn rules(body: &str) -> Vec<Rule> {
        let source = format!(
            "{}
            struct Pair {{ a: f32, b: f32 }}
            fn pair(a: f32, b: f32) -> Pair {{ return Pair(a, b); }}
            fn twice(a: f32) -> f32 {{ return a + a; }}
            fn rounded(a: f32) -> f32 {{ return bitcast<f32>(min(bitcast<i32>(a), 0x7fc00000)); }}
            fn bits(a: f32) -> u32 {{ return bitcast<u32>(a); }}
            fn assign(a: ptr<function, f32>) {{ *a = 1.0; }}
            @group(0) @binding(0) var<storage> given: vec3<f32>;
            @group(0) @binding(1) var<storage, read_write> data: array<f32>;
            @group(0) @binding(2) var<storage, read_write> result: f32;
            @compute @workgroup_size(1) fn main() {{ result = f(given.x, given.y, given.z); }}
            fn f(x: f32, y: f32, z: f32) -> f32 {{ {body} }}",
            wgsl::NUMERICS
        );
        let found = check("a module", &source).unwrap().into_iter();
        found.filter(|v| !v.function.starts_with("numerics_")).map(|v| v.rule).collect()
    }

    #[test]
    fn what_a_compiler_may_change_is_reported() {
        for (rule, body) in [
            (Rule::UnroundedInSum, "return rounded(x * y + z);"),
            (Rule::UnroundedInSum, "return rounded((x + y) - z);"),
            (Rule::UnroundedInSum, "return rounded(z - abs(x * y));"),
            (Rule::UnroundedInSum, "return rounded(-(x * y) + z);"),
            (Rule::UnroundedInSum, "return rounded(select(x * y, z, x > y) + z);"),
            (Rule::UnroundedInSum, "var a = x; if (x > y) { a = x * y; } return rounded(a + z);"),
            (
                Rule::UnroundedInSum,
                "var a = x; loop { a = a + y; if (z > x) { break; } } return 0.0;",
            ),
            (Rule::UnroundedInSum, "return rounded((vec2(x * y, x).yx + vec2(z)).x);"),
            // Through a function, a struct and memory.
            (Rule::UnroundedInSum, "return rounded(twice(x * y));"),
            (Rule::UnroundedInSum, "return rounded(twice(x) + y);"),
            (Rule::UnroundedInSum, "let a = pair(x, x * y); return rounded(a.b + z);"),
            (Rule::UnroundedInSum, "var a: Pair; a.b = x * y; return rounded(a.b + z);"),
            (Rule::UnroundedInSum, "data[0] = x * y; return rounded(data[1] + z);"),
            // What compilers see through.
            (Rule::UnroundedInSum, "return rounded(bitcast<f32>(bits(x * y)) + z);"),
            (Rule::UnroundedInSum, "return rounded(bitcast<f32>(bits(x * y) & 0x7fffffffu) + z);"),
            (Rule::UnroundedInSum, "return rounded(bitcast<f32>(bits(x * y) ^ 0x80000000u) + z);"),
            (
                Rule::UnroundedInSum,
                "return rounded(bitcast<f32>(bits(x * y) | (bits(z) & 0x80000000u)) + z);",
            ),
            (Rule::UnroundedInSum, "return rounded(bitcast<f32>((bits(x * y) + 7u) - 7u) + z);"),
            (Rule::UnroundedInSum, "return rounded(bitcast<f32>(~(~bits(x * y))) + z);"),
            (
                Rule::UnroundedInSum,
                "return rounded(bitcast<f32>(min(bits(x * y), 0xffffffffu)) + z);",
            ),
            (Rule::UnroundedInSum, "return rounded(bitcast<f32>(bits(x * y) << 0u) + z);"),
            // 2^-24 is too small to be added to others.
            (Rule::UnroundedInSum, "return rounded(x * 5.9604645e-8 + x);"),
            (Rule::ProductInProduct, "return rounded((x * y) * z);"),
            (Rule::ProductInProduct, "return rounded((x * y) * 2.0);"),
            (Rule::ProductInProduct, "return rounded(((x + y) * z) * z);"),
            (Rule::BothUnrounded, "return rounded((x + y) * (x - z));"),
            (Rule::BothUnrounded, "let a = x + y; return rounded(a * a);"),
            (Rule::SumTimesConstant, "return rounded((x + y) * 3.0);"),
            (Rule::SumTimesConstant, "return rounded(-0.5 * (x + y));"),
            (Rule::SumTimesConstant, "return rounded(select(x, 3.0, x > y) * (x + y));"),
            (Rule::SumWithOne, "return rounded((x + 1.0) * y);"),
            (Rule::SumWithOne, "return rounded((-1.0 - x) * y);"),
            (Rule::SumWithOne, "return rounded(y * abs(x - select(y, 1.0, x > y)));"),
            (Rule::UnroundedCompared, "return select(x, y, x - y < 0.0);"),
            (Rule::UnroundedInMinMax, "return rounded(max(x * y, 0.0));"),
            (Rule::UnroundedInMinMax, "return rounded(clamp(x + y, y, z));"),
            (Rule::UnroundedConverted, "return f32(i32(x * y));"),
            (Rule::Division, "return rounded(x / y);"),
            (Rule::Division, "return rounded(x % y);"),
            (Rule::BuiltIn, "return exp2(x);"),
            (Rule::BuiltIn, "return fma(x, y, z);"),
            (Rule::BuiltIn, "return floor(x);"),
            (Rule::BuiltIn, "return sqrt(x);"),
            (Rule::Folded, "return rounded(x + 0.0);"),
            (Rule::Folded, "return rounded(x - 0.0);"),
            (Rule::Folded, "return rounded(0.0 - x);"),
            (Rule::Folded, "return rounded(x * 1.0);"),
            (Rule::Pointer, "var a = x; assign(&a); return a;"),
        ] {
            assert_eq!(rules(body).first(), Some(&rule), "{body}");
        }
    }

    #[test]
    fn what_no_compiler_may_change_is_not() {
        for body in [
            "return rounded(rounded(x * y) + z);",
            "return rounded(rounded(x + y) * 3.0);",
            // To expand it takes one more operation.
            "return rounded((x + y) * z);",
            "return rounded(z * (3.0 - x));",
            // A product with a power of 2 is exact.
            "return rounded(2.0 * x + y);",
            "return rounded((-0.25 * x) * y);",
            "return bitcast<f32>(bits(x * y) & 0xfffff000u) + 0.5;",
            "return rounded(bitcast<f32>(bits(x * y) + (bits(z) << 23u)) + z);",
            "return bitcast<f32>(bits(x + 8388608.0) - 0x4b000000u) * y;",
            "let a = pair(x * y, x); return rounded(a.b + z);",
            "var a = x; loop { a = rounded(a + y); if (a > z) { break; } } return a;",
            "data[0] = x * y; return bitcast<f32>(bits(x * y) >> 9u);",
            "return rounded(min(x, y) + max(abs(z), 3.0));",
            "return rounded(twice(rounded(x * y)));",
            "return f32(bits(x * y) / 3u);",
        ] {
            assert_eq!(rules(body), [], "{body}");
        }
    }

    #[test]
    fn a_public_function_returns_what_is_rounded() {
        for (source, broken) in [
            ("fn f(x: f32) -> f32 { return x * x; }", true),
            (
                "fn f(x: f32) -> f32 { return g(x) + g(x); } fn g(x: f32) -> f32 { return -x; }",
                true,
            ),
            ("fn f(x: f32) -> f32 { return -x; }", false),
            ("fn f(p: f32) -> f32 { return 2.0 * p; }", false),
            // x may be an unrounded one.
            (
                "fn f(x: f32, p: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x + p) >> 1u); }",
                true,
            ),
            (
                "fn f(x: f32, p: f32) -> f32 { return bitcast<f32>(bitcast<u32>(p + p) >> 1u); }",
                false,
            ),
        ] {
            assert_eq!(!check("a library", source).unwrap().is_empty(), broken, "{source}");
        }
    }

    #[test]
    fn a_violation_says_where_it_is() {
        let source = "fn good(x: f32) -> f32 {\n    return -x;\n}\n\n\
                      fn bad(x: f32) -> f32 {\n    let y = x * x;\n    return good(\n        y + x);\n}\n";
        let found = check("a module", source).unwrap();
        let text: Vec<String> = found.iter().map(Violation::to_string).collect();
        assert!(
            text.contains(
                &"an unrounded sum or product enters a sum: fn bad, line 8 of \"a module\": y + x);"
                    .to_owned()
            ),
            "{text:?}"
        );
    }

    /// Each of them is needed.
    #[test]
    fn a_barrier_left_out_is_found() {
        let found = |source: &str| {
            let found = check("numerics", source).unwrap();
            found.into_iter().filter(|v| !EXCEPTIONS.iter().any(|e| e.covers(v))).count()
        };
        assert_eq!(found(wgsl::NUMERICS), 0);
        let mut count = 0;
        for barrier in ["numerics_rounded(", "numerics_head(a + b", "numerics_head(1.0 +"] {
            for (at, _) in wgsl::NUMERICS.match_indices(barrier) {
                let (before, after) = wgsl::NUMERICS.split_at(at);
                let rest = after.split_once('(').unwrap().1;
                if !before.ends_with("fn ") {
                    count += 1;
                    let line = before.lines().count();
                    assert!(found(&format!("{before}({rest}")) > 0, "{barrier} in line {line}");
                }
            }
        }
        assert!(count > 5, "{count}");
    }
}

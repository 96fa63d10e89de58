//! From the text of a filter to an expression. What the language has no use for is refused by its tokens, before the
//! parser sees it: the parser reads all of SQL.

use std::ops::Range;

use sqlparser::ast::Expr;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::error::{FilterError, FilterProblem, shown};
use super::limits;

/// Where the lines of a text begin, in characters: the tokens tell their places by line and column.
#[derive(Debug)]
pub(super) struct Source {
    lines: Vec<u32>,
    length: u32,
}

impl Source {
    fn new(text: &str) -> Self {
        let mut lines = vec![0];
        let mut length = 0;
        for c in text.chars() {
            length += 1;
            if c == '\n' {
                lines.push(length);
            }
        }
        Self { lines, length }
    }

    /// The characters of a span; all of them when the parser does not know.
    pub(super) fn place(&self, span: Span) -> Range<u32> {
        if span.start.line == 0 {
            return 0..self.length;
        }
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    fn offset(&self, location: Location) -> u32 {
        let line = usize::try_from(location.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let begin = self.lines.get(line).copied().unwrap_or(self.length);
        let column = u32::try_from(location.column.saturating_sub(1)).unwrap_or(u32::MAX);
        begin.saturating_add(column).min(self.length)
    }

    fn end(&self) -> Range<u32> {
        self.length..self.length
    }
}

/// Reads a text that consists of the language's tokens alone, within its limits.
pub(super) fn read(text: &str) -> Result<(Source, Expr), FilterError> {
    if text.len() > limits::BYTES {
        return Err(FilterError::whole(FilterProblem::TooLong { bytes: text.len() }));
    }
    let source = Source::new(text);
    if let Some(at) = text.chars().position(|c| c == '\0') {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        return Err(FilterError::at(FilterProblem::Nul, at..at + 1));
    }
    let tokens = tokens(text, &source)?;
    guard(&tokens, &source)?;
    let expression = parse(tokens, &source)?;
    Ok((source, expression))
}

fn tokens(text: &str, source: &Source) -> Result<Vec<TokenWithSpan>, FilterError> {
    Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location().map_err(|error| {
        let start = source.offset(error.location);
        let problem = match error.message {
            message if message.contains("comment") => FilterProblem::Comment,
            message if message.contains("string") => FilterProblem::Syntax { found: "a string without its end".into() },
            message if message.contains("delimiter") => {
                FilterProblem::Syntax { found: "a name without its end".into() }
            }
            _ => FilterProblem::Syntax { found: "this character".into() },
        };
        FilterError::at(problem, start..(start + 1).min(source.length))
    })
}

/// Refuses tokens that are not the language's, and more of them than the parser should be given.
fn guard(tokens: &[TokenWithSpan], source: &Source) -> Result<(), FilterError> {
    let mut joins = 0usize;
    // Tokens of the condition being read, at each level of parentheses.
    let mut levels = vec![0usize];
    let mut before: Option<&Token> = None;
    for token in tokens {
        let refuse = |problem| Err(FilterError::at(problem, source.place(token.span)));
        if let Some(problem) = outside(&token.token, before) {
            return refuse(problem);
        }
        let here = levels.last_mut();
        match (&token.token, here) {
            (Token::Whitespace(_), _) => continue,
            (Token::LParen, here) => {
                here.into_iter().for_each(|here| *here += 1);
                levels.push(0);
            }
            (Token::RParen, _) => drop(levels.pop()),
            (Token::Comma, Some(here)) => *here = 0,
            (Token::Word(word), Some(here)) if matches!(word.keyword, Keyword::AND | Keyword::OR) => {
                joins += 1;
                *here = 0;
            }
            (_, Some(here)) => *here += 1,
            (_, None) => {}
        }
        if joins >= limits::TERMS {
            return refuse(FilterProblem::TooManyTerms);
        }
        if levels.len() > limits::DEPTH + 1 {
            return refuse(FilterProblem::TooDeep);
        }
        if levels.last().is_some_and(|here| *here > limits::TERM_TOKENS) {
            return refuse(FilterProblem::TermTooLong);
        }
        if levels.is_empty() {
            return refuse(FilterProblem::Syntax { found: ")".to_owned() });
        }
        before = Some(&token.token);
    }
    if before.is_none() { Err(FilterError::whole(FilterProblem::Empty)) } else { Ok(()) }
}

/// What is wrong with a token that no filter has.
fn outside(token: &Token, before: Option<&Token>) -> Option<FilterProblem> {
    Some(match token {
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
            FilterProblem::Comment
        }
        Token::SingleQuotedString(_) if matches!(before, Some(Token::SingleQuotedString(_))) => {
            FilterProblem::StringNotation
        }
        Token::Word(word) if word.quote_style.is_none() => return forbidden_word(word.keyword, before),
        Token::Whitespace(_)
        | Token::Word(_)
        | Token::Number(_, false)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::DoubleColon => return None,
        Token::SemiColon => FilterProblem::Statement,
        Token::Placeholder(_) | Token::Question | Token::Colon => FilterProblem::Parameter,
        Token::DollarQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_) => FilterProblem::StringNotation,
        other => FilterProblem::Operator { operator: shown(&other.to_string()) },
    })
}

/// Words that begin what a filter cannot have. An attribute of such a name is written in double quotes.
fn forbidden_word(word: Keyword, before: Option<&Token>) -> Option<FilterProblem> {
    const SUBQUERY: (&str, &str) = ("a subquery", "follow an N:1 relationship by a path such as account_id.city");
    let (what, instead) = match word {
        Keyword::SELECT | Keyword::EXISTS => SUBQUERY,
        // Elsewhere it is part of `timestamp with time zone`.
        Keyword::WITH if matches!(before, None | Some(Token::LParen)) => SUBQUERY,
        Keyword::CASE => ("CASE", "join conditions by AND, OR and NOT"),
        Keyword::CURRENT_DATE | Keyword::CURRENT_TIMESTAMP | Keyword::LOCALTIMESTAMP => ("this clock", "use now()"),
        Keyword::CURRENT_TIME | Keyword::LOCALTIME => ("this clock", "use now()"),
        Keyword::CURRENT_USER | Keyword::SESSION_USER => ("the database's user", "use current_user_id()"),
        _ => return None,
    };
    Some(FilterProblem::NotAllowed { what, instead })
}

fn parse(tokens: Vec<TokenWithSpan>, source: &Source) -> Result<Expr, FilterError> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(limits::RECURSION);
    parser = parser.with_tokens_with_locations(tokens.clone());
    let expression = parser.parse_expr().map_err(|error| match error {
        ParserError::RecursionLimitExceeded => FilterError::whole(FilterProblem::TooDeep),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            unexpected(told_location(&message).and_then(|at| tokens.iter().find(|t| t.span.start == at)), source)
        }
    })?;
    match parser.peek_token() {
        TokenWithSpan { token: Token::EOF, .. } => Ok(expression),
        left => Err(unexpected(Some(&left), source)),
    }
}

fn unexpected(token: Option<&TokenWithSpan>, source: &Source) -> FilterError {
    let problem = FilterProblem::Syntax { found: token.map(|t| shown(&t.token.to_string())).unwrap_or_default() };
    FilterError::at(problem, token.map_or_else(|| source.end(), |token| source.place(token.span)))
}

/// The parser tells the place of an error in its words only.
fn told_location(message: &str) -> Option<Location> {
    let (_, at) = message.rsplit_once(" at Line: ")?;
    let (line, column) = at.split_once(", Column: ")?;
    Some(Location::new(line.parse().ok()?, column.parse().ok()?))
}

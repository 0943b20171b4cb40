(** The expression language and what obligations mean: all that a reader has to believe.

    A program is a list of nodes.  Each node computes a vector from the vectors before it (a
    scalar is a vector of one component); an argument [k] counts back, 0 being the newest.
    A component is a real number, or undefined ([None]).  Mirrors [proofs/checker/language.py]
    and [obligations.py]; in words: [proofs/theory/L-MODEL.md], section 1. *)
From Coq Require Import Reals QArith Qreals List.
Import ListNotations.
Local Open Scope R_scope.

(** * Functions of one variable *)

Inductive fn :=
| Relu | Abs                                         (* continuous, with a kink at 0 *)
| Sin | Cos | Tanh | Exp | Atan | Log | Sqrt | Recip
| Pow (n : nat).

Definition value_of (g : fn) (x : R) : R :=
  match g with
  | Relu => Rmax x 0 | Abs => Rabs x
  | Sin => sin x | Cos => cos x | Tanh => tanh x | Exp => exp x | Atan => atan x
  | Log => ln x | Sqrt => sqrt x | Recip => / x
  | Pow n => x ^ n
  end.

(** The first derivative; at a kink any [t] in [0, 1] chooses an element of the generalised one. *)
Definition slope_of (t : R) (g : fn) (x : R) : R :=
  let step := if Rlt_dec 0 x then 1 else if Rlt_dec x 0 then 0 else t in
  match g with
  | Relu => step | Abs => 2 * step - 1
  | Sin => cos x | Cos => - sin x | Tanh => 1 - tanh x * tanh x | Exp => exp x
  | Atan => / (1 + x * x)
  | Log => / x | Sqrt => / (2 * sqrt x) | Recip => - (/ x * / x)
  | Pow n => INR n * x ^ pred n
  end.

(** The second derivative, where there is one. *)
Definition bend_of (g : fn) (x : R) : R :=
  match g with
  | Relu | Abs => 0
  | Sin => - sin x | Cos => - cos x
  | Tanh => -2 * (tanh x * (1 - tanh x * tanh x)) | Exp => exp x
  | Atan => -2 * (x * (/ (1 + x * x) * / (1 + x * x)))
  | Log => - (/ x * / x)
  | Sqrt => - / (4 * (sqrt x * (sqrt x * sqrt x)))
  | Recip => 2 * (/ x * (/ x * / x))
  | Pow n => INR n * INR (pred n) * x ^ pred (pred n)
  end.

Definition has_value (g : fn) (x : R) : Prop :=
  match g with Log => 0 < x | Sqrt => 0 <= x | Recip => x <> 0 | _ => True end.
Definition has_slope (g : fn) (x : R) : Prop :=
  match g with Log | Sqrt => 0 < x | Recip => x <> 0 | _ => True end.
Definition has_bend (g : fn) (x : R) : Prop :=
  match g with Log | Sqrt => 0 < x | Recip | Relu | Abs => x <> 0 | _ => True end.

Lemma has_value_dec g x : {has_value g x} + {~ has_value g x}.
Proof. destruct g; simpl; auto; [apply Rlt_dec|apply Rle_dec|destruct (Req_EM_T x 0); auto]. Defined.
Lemma has_slope_dec g x : {has_slope g x} + {~ has_slope g x}.
Proof. destruct g; simpl; auto; [apply Rlt_dec..|destruct (Req_EM_T x 0); auto]. Defined.
Lemma has_bend_dec g x : {has_bend g x} + {~ has_bend g x}.
Proof. destruct g; simpl; auto; try apply Rlt_dec; destruct (Req_EM_T x 0); auto. Defined.

(** * Nodes *)

(** [C] is [Q], the exact rationals, in every statement. *)
Inductive node (C : Type) :=
| Const (q : C)
| Var (i : nat)                                      (* variable number [i] *)
| Neg (a : nat) | Add (a b : nat) | Sub (a b : nat) | Mul (a b : nat) | Max (a b : nat)
| Call (g : fn) (a : nat)
| Step (a : nat)                                     (* 0 below 0, 1 above, any of [0, 1] at 0 *)
| Select (a b c : nat)                               (* [b] where [a > 0], else [c] *)
| Quotient (g : fn) (s t : nat)                      (* (g t - g s) / (t - s), or g' *)
| Quotient2 (g : fn) (s t : nat)                     (* the second one, or g'' / 2 *)
| Increment (g : fn) (s d : nat)                     (* g (s + d) - g s *)
| Stack (parts : list nat) | Index (a i : nat)
| Affine (rows : list (list C * C)) (a : nat).       (* W v + b, rows of W with entries of b *)
Arguments Const {C}. Arguments Var {C}. Arguments Neg {C}. Arguments Add {C}.
Arguments Sub {C}. Arguments Mul {C}. Arguments Max {C}. Arguments Call {C}.
Arguments Step {C}. Arguments Select {C}. Arguments Quotient {C}. Arguments Quotient2 {C}.
Arguments Increment {C}. Arguments Stack {C}. Arguments Index {C}. Arguments Affine {C}.

Notation scalar := (option R).
Notation vector := (list scalar).

Definition lift1 (f : R -> scalar) (a : scalar) : scalar :=
  match a with Some x => f x | None => None end.
Definition lift2 (f : R -> R -> scalar) (a b : scalar) : scalar :=
  match a, b with Some x, Some y => f x y | _, _ => None end.

Definition call (g : fn) (x : R) : scalar :=
  if has_value_dec g x then Some (value_of g x) else None.
Definition step (t x : R) : R := slope_of t Relu x.
Definition select (a b c : scalar) : scalar := lift1 (fun x => if Rlt_dec 0 x then b else c) a.
Definition quotient (t : R) (g : fn) (x y : R) : scalar :=
  if Req_EM_T x y
  then if has_slope_dec g x then Some (slope_of t g x) else None
  else lift2 (fun u v => Some ((v - u) / (y - x))) (call g x) (call g y).
Definition quotient2 (t : R) (g : fn) (x y : R) : scalar :=
  if Req_EM_T x y
  then if has_bend_dec g x then Some (bend_of g x / 2) else None
  else if has_slope_dec g x
  then lift2 (fun u v => Some ((v - u - slope_of t g x * (y - x)) / ((y - x) * (y - x))))
             (call g x) (call g y)
  else None.
Definition increment (g : fn) (x d : R) : scalar :=
  lift2 (fun u v => Some (v - u)) (call g x) (call g (x + d)).

Fixpoint dot (row : list Q) (v : vector) (bias : R) : scalar :=
  match row, v with
  | w :: row', a :: v' => lift2 (fun x y => Some (Q2R w * x + y)) a (dot row' v' bias)
  | _, _ => Some bias
  end.

(** Componentwise; [mapi] tells [f] the position, of which the choice of a step may depend. *)
Fixpoint mapi_from {A B} (i : nat) (f : nat -> A -> B) (l : list A) : list B :=
  match l with [] => [] | a :: l' => f i a :: mapi_from (S i) f l' end.
Definition mapi {A B} := @mapi_from A B 0.
Definition zip {A B} (f : A -> A -> B) (l m : list A) : list B :=
  map (fun ab => f (fst ab) (snd ab)) (combine l m).
Definition zipi {A B} (f : nat -> A -> A -> B) (l m : list A) : list B :=
  mapi (fun i ab => f i (fst ab) (snd ab)) (combine l m).

(** [x]: the variables; [t i]: the choice of the component [i] of this node; [e]: what was
    computed before, newest first. *)
Definition evaluate (x : list R) (t : nat -> R) (e : list vector) (n : node Q) : vector :=
  let arg k := nth k e [] in
  let first k := hd None (arg k) in
  match n with
  | Const q => [Some (Q2R q)]
  | Var i => [nth_error x i]
  | Neg a => map (lift1 (fun x => Some (- x))) (arg a)
  | Add a b => zip (lift2 (fun x y => Some (x + y))) (arg a) (arg b)
  | Sub a b => zip (lift2 (fun x y => Some (x - y))) (arg a) (arg b)
  | Mul a b => zip (lift2 (fun x y => Some (x * y))) (arg a) (arg b)
  | Max a b => zip (lift2 (fun x y => Some (Rmax x y))) (arg a) (arg b)
  | Call g a => map (lift1 (call g)) (arg a)
  | Step a => mapi (fun i => lift1 (fun x => Some (step (t i) x))) (arg a)
  | Select a b c => [select (first a) (first b) (first c)]
  | Quotient g a b => zipi (fun i => lift2 (quotient (t i) g)) (arg a) (arg b)
  | Quotient2 g a b => zipi (fun i => lift2 (quotient2 (t i) g)) (arg a) (arg b)
  | Increment g a b => zip (lift2 (increment g)) (arg a) (arg b)
  | Stack parts => map first parts
  | Index a i => [nth i (arg a) None]
  | Affine rows a => map (fun row => dot (fst row) (arg a) (Q2R (snd row))) rows
  end.

(** A choice for each component of each node, which is numbered by what was computed before. *)
Definition choice := nat -> nat -> R.
Definition proper (t : choice) : Prop := forall k i, 0 <= t k i <= 1.

Fixpoint run (x : list R) (t : choice) (p : list (node Q)) (e : list vector) : list vector :=
  match p with [] => e | n :: p' => run x t p' (evaluate x (t (length e)) e n :: e) end.

(** * Formulas and obligations *)

(** An argument is one of the vectors at the end of the program, which has to be a scalar. *)
Inductive formula :=
| Positive (k : nat) | Nonnegative (k : nat) | Defined (k : nat)
| And (a b : formula) | Or (a b : formula).

Fixpoint truth (e : list vector) (f : formula) : Prop :=
  match f with
  | Positive k => exists v, nth k e [] = [Some v] /\ 0 < v
  | Nonnegative k => exists v, nth k e [] = [Some v] /\ 0 <= v
  | Defined k => exists v, nth k e [] = [Some v]
  | And a b => truth e a /\ truth e b
  | Or a b => truth e a \/ truth e b
  end.

Definition within (b : Q * Q) (x : R) : Prop := Q2R (fst b) <= x <= Q2R (snd b).
Definition in_box (box : list (Q * Q)) (x : list R) : Prop := Forall2 within box x.

Record obligation := Obligation
  { box : list (Q * Q); program : list (node Q); goal : formula }.

(** At every point of the box, for every choice of the values of steps. *)
Definition holds (o : obligation) : Prop :=
  forall x, in_box (box o) x -> forall t, proper t -> truth (run x t (program o) []) (goal o).
